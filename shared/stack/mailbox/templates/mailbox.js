// Shows new mail without a reload: fetches the page every two seconds and replaces the list when it has changed.
"use strict";

async function poll() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [now, next] = [document.getElementById("mails"), page.getElementById("mails")];
  if (next && now.innerHTML !== next.innerHTML) now.replaceWith(next);
}

setInterval(() => poll().catch(() => {}), 2000);

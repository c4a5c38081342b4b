// Counts that a public page was shown: its name, nothing of the visitor. The page includes this script only where the
// deployment has turned it on and the browser sent neither Sec-GPC nor DNT; it checks again, for cached pages.
const refuses =
  navigator.globalPrivacyControl === true || navigator.doNotTrack === "1" || navigator.doNotTrack === "yes";
const page = document.querySelector("main[data-page]")?.dataset.page;

if (!refuses && page) {
  fetch("/v1/telemetry/page-views", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ page }),
    keepalive: true,
    credentials: "omit",
    referrerPolicy: "no-referrer",
    cache: "no-store",
  }).catch(() => {}); // a count that does not arrive is not repeated
}

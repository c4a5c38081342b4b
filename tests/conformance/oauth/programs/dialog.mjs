// What a client program says to the test that runs it: one JSON text a line.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const say = (said) => process.stdout.write(JSON.stringify(said) + "\n");

export const asked = await read();

/** Let the customer allow the app; return the address to which the browser is sent back. */
export async function openInBrowser(url) {
  say({ open: url.href });
  return new URL((await read()).callback);
}

/** Run one step; tell whether it worked, and of a failure the kind. */
export async function step(name, run) {
  try {
    const result = await run();
    say({ step: name, fault: "" });
    return result;
  } catch (fault) {
    say({ step: name, fault: `${fault.name}: ${fault.message} ${fault.code ?? ""} ${fault.error ?? ""}`.trim() });
    return undefined;
  }
}

export function check(passed, what) {
  if (!passed) throw new Error(what);
}

export const finish = () => process.exit(0);

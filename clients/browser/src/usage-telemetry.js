// Usage statistics of a web app, with consent only: the same rules as the Python package candor-telemetry.
//
//   const telemetry = new UsageTelemetry({ program: "omnifocus", version: "4.8", server: "https://candor.example" });
//   if (telemetry.shouldAsk()) telemetry.setAnswer(await askThePerson(QUESTION.text));
//   telemetry.count("launches");
//   await telemetry.sendDue();
import { blindNumber, unblindToken } from "./tokens.js";
import { acceptedWeeks, weekAfter, weekAt } from "./weeks.js";

export { acceptedWeeks, weekAfter, weekAt };
export const QUESTION = {
  version: 2,
  text:
    "May this program send a report about its use once a week? It contains nothing that identifies you or this " +
    "device, and no two of its reports can be linked.",
};
const WEEKS_AHEAD = 13;
const FEW_TOKENS = 4;
const MAX_COUNT = 1_000_000;
const BUCKETS = [
  [300, "300 or more"],
  [100, "100 to 299"],
  [30, "30 to 99"],
  [10, "10 to 29"],
  [3, "3 to 9"],
  [1, "1 to 2"],
  [0, "0"],
];
const LOCALES = ["de", "en", "es", "fr", "it", "ja", "ko", "nl", "pt", "ru", "zh"];
// The receiver has this report, or will never take it: another attempt would change nothing.
const isSettled = (status) => status < 500 && ![408, 425, 429].includes(status);

export function bucketLabel(count) {
  return BUCKETS.find(([edge]) => edge <= Math.max(count, 0))[1];
}

// Global Privacy Control or Do Not Track: treated as a no, whatever was answered.
export function isRefusedByBrowser(browser = navigator) {
  return browser.globalPrivacyControl === true || browser.doNotTrack === "1" || browser.doNotTrack === "yes";
}

export class UsageTelemetry {
  #storage;
  #key;

  constructor({ program, version, features = ["launches", "crashes", "syncs"], server, storage, now = Date.now }) {
    this.program = program;
    this.version = version;
    this.features = features;
    this.server = server;
    this.now = now;
    this.#storage = storage ?? localStorage;
    this.#key = `candor-telemetry/${program}/`;
  }

  // { agreed: true | false | null, questionVersion, firstWeek }. What cannot be read is a no that is kept as it is.
  get answer() {
    const stored = this.#readText("answer");
    if (stored === null) return { agreed: null, isReadable: true };
    const found = parse(stored);
    const { agreed, questionVersion, firstWeek } = found ?? {};
    const isOurs =
      typeof agreed === "boolean" && Number.isInteger(questionVersion) && typeof firstWeek === "string";
    return isOurs ? { agreed, questionVersion, firstWeek, isReadable: true } : { agreed: null, isReadable: false };
  }

  get isOn() {
    const { agreed, questionVersion, firstWeek } = this.answer;
    return !isRefusedByBrowser() && agreed === true && questionVersion === QUESTION.version && firstWeek !== "";
  }

  shouldAsk() {
    const { agreed, questionVersion, isReadable } = this.answer;
    const isSettledAnswer = agreed === false || !isReadable || (agreed && questionVersion === QUESTION.version);
    return !isRefusedByBrowser() && !isSettledAnswer;
  }

  // Stores the answer and returns what is then stored. A no deletes counts and tokens, and sends nothing.
  setAnswer(agreed) {
    if (agreed && isRefusedByBrowser()) throw new Error("This browser asks not to be tracked.");
    if (agreed && this.isOn) return this.answer;
    if (!agreed) for (const name of ["counts", "tokens"]) this.#storage.removeItem(this.#key + name);
    const firstWeek = agreed ? weekAfter(this.now(), 1) : "";
    this.#write("answer", { agreed: agreed === true, questionVersion: QUESTION.version, firstWeek });
    return this.answer;
  }

  count(feature, by = 1) {
    if (!this.features.includes(feature)) throw new Error(`${feature} is no feature of ${this.program}`);
    const week = weekAt(this.now());
    if (!this.isOn || week < this.answer.firstWeek) return;
    const counts = this.#read("counts");
    const found = counts[week] ?? {};
    found[feature] = Math.min((found[feature] ?? 0) + by, MAX_COUNT);
    this.#write("counts", { ...counts, [week]: found });
  }

  // The body of the report of a week, exactly as it is sent; null where there is no token yet.
  buildReport(week) {
    const { [week]: token } = this.#read("tokens");
    const { [week]: counted = {} } = this.#read("counts");
    if (!token) return null;
    const counters = Object.fromEntries(this.features.map((name) => [name, bucketLabel(counted[name] ?? 0)]));
    const language = (navigator.language ?? "").split("-")[0];
    return JSON.stringify({
      reports: [
        {
          question_version: QUESTION.version,
          week,
          number: token.number,
          token: token.token,
          program: this.program,
          version: this.version,
          os: "web",
          locale: LOCALES.includes(language) ? language : "other",
          counters,
        },
      ],
    });
  }

  // The bodies of all reports that wait, by week.
  preview() {
    return Object.fromEntries(this.#waitingWeeks().map((week) => [week, this.buildReport(week)]));
  }

  // Deletes what may no longer be sent, sends what may, and fetches missing tokens. Returns the number of reports.
  async sendDue() {
    if (!this.isOn) return 0;
    this.#deleteStale();
    let sent = 0;
    for (const week of this.#waitingWeeks()) sent += (await this.#sendReport(week)) ? 1 : 0;
    await this.#fetchTokens();
    return sent;
  }

  // Has the report of a week deleted, also after a no.
  async deleteReport(week) {
    const { [week]: token } = this.#read("sent");
    if (!token) return false;
    const body = JSON.stringify({
      question_version: QUESTION.version,
      program: this.program,
      week,
      number: token.number,
      token: token.token,
    });
    if (!(await this.#post("reports/deletions", body)).ok) return false;
    this.#write("sent", without(this.#read("sent"), week));
    return true;
  }

  #waitingWeeks() {
    const counts = this.#read("counts");
    return acceptedWeeks(this.now()).filter((week) => week in counts && this.buildReport(week) !== null);
  }

  async #sendReport(week) {
    // One week in one request: two weeks together would be linked.
    const reply = await this.#post("reports", this.buildReport(week));
    if (!isSettled(reply.status)) return false;
    const tokens = this.#read("tokens");
    this.#write("sent", { ...this.#read("sent"), [week]: tokens[week] });
    this.#write("tokens", without(tokens, week));
    this.#write("counts", without(this.#read("counts"), week));
    return true;
  }

  #deleteStale() {
    const [closed, running] = [acceptedWeeks(this.now()), weekAt(this.now())];
    const ahead = Array.from({ length: WEEKS_AHEAD + 1 }, (_, by) => weekAfter(this.now(), by));
    const { firstWeek } = this.answer;
    this.#keep("counts", (week) => [...closed, running].includes(week) && week >= firstWeek);
    this.#keep("tokens", (week) => [...closed, ...ahead].includes(week));
    this.#keep("sent", (week) => closed.includes(week));
  }

  async #fetchTokens() {
    const tokens = this.#read("tokens");
    const wanted = Array.from({ length: WEEKS_AHEAD }, (_, by) => weekAfter(this.now(), by + 1));
    const missing = wanted.filter((week) => !(week in tokens));
    if (WEEKS_AHEAD - missing.length >= FEW_TOKENS) return;
    const keys = await this.#fetchKeys();
    const drawn = new Map();
    for (const week of missing) if (week in keys) drawn.set(week, await blindNumber(keys[week]));
    if (drawn.size === 0) return;
    const fetched = await this.#evaluate(drawn);
    // A key that has changed since would tell this device from others: its tokens are not used.
    const trusted = Object.entries(tokens).filter(([week, token]) => (keys[week] ?? token.publicKey) === token.publicKey);
    if (this.isOn) this.#write("tokens", { ...Object.fromEntries(trusted), ...fetched });
  }

  async #fetchKeys() {
    const reply = await this.#request("keys");
    const { question_version: version, keys } = reply.ok ? await reply.json() : {};
    return version === QUESTION.version ? Object.fromEntries(keys.map((key) => [key.week, key.public_key])) : {};
  }

  async #evaluate(drawn) {
    const elements = Array.from(drawn, ([week, { element }]) => ({ week, blinded: element }));
    const body = JSON.stringify({ question_version: QUESTION.version, program: this.program, elements });
    const reply = await this.#post("tokens", body);
    const { evaluations = [] } = reply.ok ? await reply.json() : {};
    const found = {};
    for (const each of evaluations) {
      if (drawn.has(each.week)) found[each.week] = await unblindToken(drawn.get(each.week), each);
    }
    return found;
  }

  #post(path, body) {
    return this.#request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  }

  #request(path, options = {}) {
    return fetch(`${this.server}/v1/telemetry/${path}`, {
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "error",
      cache: "no-store",
      ...options,
    });
  }

  #readText(name) {
    try {
      return this.#storage.getItem(this.#key + name);
    } catch {
      return null; // storage is forbidden: no answer, and none can be stored
    }
  }

  #read(name) {
    const text = this.#readText(name);
    return (text === null ? null : parse(text)) ?? {};
  }

  #write(name, value) {
    this.#storage.setItem(this.#key + name, JSON.stringify(value));
  }

  #keep(name, isKept) {
    const found = this.#read(name);
    const kept = Object.fromEntries(Object.entries(found).filter(([week]) => isKept(week)));
    if (Object.keys(kept).length < Object.keys(found).length) this.#write(name, kept);
  }
}

function parse(text) {
  try {
    const found = JSON.parse(text);
    return found !== null && typeof found === "object" && !Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}

function without(found, week) {
  return Object.fromEntries(Object.entries(found).filter(([name]) => name !== week));
}

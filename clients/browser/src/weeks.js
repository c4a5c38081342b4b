// ISO 8601 weeks in UTC by name, for example 2026-W49. Their names sort by time.
const DAY = 24 * 3600 * 1000;

export function weekAt(time) {
  const at = new Date(time);
  const midnight = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate());
  const thursday = new Date(midnight + (3 - ((at.getUTCDay() + 6) % 7)) * DAY);
  const week = 1 + Math.floor((thursday - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / (7 * DAY));
  return `${String(thursday.getUTCFullYear()).padStart(4, "0")}-W${String(week).padStart(2, "0")}`;
}

export function weekAfter(time, weeks) {
  return weekAt(time + weeks * 7 * DAY);
}

// The closed weeks that the receiver still takes, the older one first.
export function acceptedWeeks(time) {
  return [weekAfter(time, -2), weekAfter(time, -1)];
}

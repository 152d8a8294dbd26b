// Numbers, times and durations for people. Times from the API are RFC 3339 texts; durations are seconds.

const whole = new Intl.NumberFormat('en');
let offset = 0; // the server's clock minus ours, in ms

// Of workers and schedules; job states bring theirs.
export const GLYPHS = { paused: '‖', suspended: '‖', stuck: '◇', parked: '‖', idle: '○', busy: '▶', lost: '✗',
  stopping: '◷', running: '✓' };

export function setServerTime(text) {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) offset = time - Date.now();
}

export const now = () => Date.now() + offset;

export const number = (value) => (value === null || value === undefined ? '–' : whole.format(value));

export function plural(count, noun) {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function percent(share) {
  return share === null || share === undefined ? '–' : `${(share * 100).toFixed(1)} %`;
}

export const perMinute = (value) => value.toFixed(1);

export function bytes(value) {
  if (value === null || value === undefined) return '–';
  if (value < 1024) return `${value} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (value /= 1024; value >= 1023.95 && unit < 3; unit += 1) value /= 1024; // 1023.95 would be shown as 1024.0
  return `${value.toFixed(1)} ${units[unit]}`;
}

// 0.012s, 3.4s, 2m 05s, 3h 20m, 5d 2h
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 1) return `${seconds.toFixed(3)}s`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)}s`;
  return coarse(seconds);
}

// The same without parts of a second, for live counts.
export function coarse(seconds) {
  const total = Math.max(0, Math.round(seconds));
  const pad = (value) => String(value).padStart(2, '0');
  if (total < 60) return `${total}s`;
  if (total < 3600) return `${Math.floor(total / 60)}m ${pad(total % 60)}s`;
  if (total < 86400) return `${Math.floor(total / 3600)}h ${pad(Math.floor(total / 60) % 60)}m`;
  return `${Math.floor(total / 86400)}d ${Math.floor(total / 3600) % 24}h`;
}

/** @type {[number, number, string][]} below how many seconds, the seconds of a unit, its letter */
const UNITS = [[60, 1, 's'], [3600, 60, 'm'], [86400, 3600, 'h'], [5184000, 86400, 'd'], [Infinity, 2592000, 'mo']];

// 12s ago, in 3m
export function relative(time) {
  const seconds = (time - now()) / 1000;
  const size = Math.abs(seconds);
  if (size < 1) return 'now';
  const [, unit, letter] = UNITS.find(([limit]) => size < limit);
  const text = `${seconds > 0 ? Math.round(size / unit) : Math.floor(size / unit)}${letter}`;
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}

/** @type {Intl.DateTimeFormatOptions} */
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };

export function clock(time, long = false) {
  return new Date(time).toLocaleString('en', long ? { ...CLOCK, month: 'short', day: 'numeric' } : CLOCK);
}

export const local = (time) => new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

const BYTES = new TextEncoder();
const UNPRINTABLE = /(?![\n ])[\p{C}\p{Z}]/u;
const ESCAPED = { "'": "'\\''", '\\': '\\\\', '%': '%%' };
const inQuotes = (text) => `'${text.replace(/'/g, ESCAPED["'"])}'`;
const octal = (char) => [...BYTES.encode(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

// A word as the shell reads it; printf makes characters that neither print nor end a line, as on the server.
export function quote(word) {
  const text = String(word);
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!UNPRINTABLE.test(text)) return inQuotes(text);
  const begin = text.replace(/\n+$/, '');
  const end = text.slice(begin.length); // the shell drops it from what a command prints
  const format = [...begin].map((char, at) => ((char === '-' && !at) || UNPRINTABLE.test(char) ? octal(char)
    : ESCAPED[char] || char)).join('');
  return `"$(printf '${format}')"${end && inQuotes(end)}`;
}

// The columns of the job list: their contents, their order, and the density of the rows.

import { loadFields } from './api.js';
import { number } from './format.js';
import { recallValue, rememberValue } from './storage.js';
import { code, h, heading, jobLink, ran, stateBadge, took, when } from './ui.js';
import { STATES } from './vocabulary.js';

function timeOf(job) {
  if (job.state === 'processing') return job.started_at;
  if (STATES.get(job.state)?.is_due) return job.run_at;
  // A job waits for a worker once it exists and its time has come: both texts sort by time.
  if (job.state === 'pending' && job.run_at > job.created_at) return job.run_at;
  return job.finished_at || job.created_at;
}

const chips = (tags) => tags.flatMap((tag) => [h('span', { class: 'chip' }, tag), ' ']);

// By kind: the class of the column, and its content for a value.
const KINDS = {
  integer: ['num', (value) => (value === null ? '' : number(value))],
  signal: ['num', (value) => value],
  duration: ['num', took],
  time: ['num', (value) => value && when(value)],
  flag: [null, (value) => value && 'yes'],
  names: [null, chips],
  text: ['clip', code],
};
const OTHERS = [null, (value) => value];

// Columns that show more than a field, or something else: [title, class, content for a job].
const SPECIAL = {
  id: ['Job', null, ({ id }) => heading(jobLink(id))],
  state: ['State', null, stateBadge],
  attempts: ['Attempts', 'num', (job) => `${job.attempts} of ${job.max_retries + 1}`],
  duration: ['Duration', 'num', ran],
  exit: ['Exit', 'num', (job) => (job.signal ? `signal ${job.signal}` : job.exit_code)],
  when: ['When', 'num', (job) => when(timeOf(job))],
};

// name: [title, class, content for a job], of every field that a list has.
export const COLUMNS = new Map();

export async function loadColumns() {
  for (const field of (await loadFields()).filter(({ listed }) => listed)) {
    const [kind, draw] = KINDS[field.kind] || OTHERS;
    COLUMNS.set(field.name, [field.label, kind, (job) => draw(job[field.name])]);
  }
  for (const [name, column] of Object.entries(SPECIAL)) COLUMNS.set(name, column);
}

export const ALWAYS = 'id';
export const DENSITIES = ['comfortable', 'compact'];
export const DEFAULTS = { density: 'comfortable',
  shown: ['id', 'state', 'command', 'queue', 'priority', 'attempts', 'duration', 'exit', 'when'] };

// The chosen layout, as far as it is valid.
export function chosen() {
  const found = recallValue('columns');
  const named = Array.isArray(found?.shown) ? found.shown.filter((name) => COLUMNS.has(name)) : [];
  const shown = named.length ? [...new Set(named)] : DEFAULTS.shown;
  return { shown: shown.includes(ALWAYS) ? shown : [ALWAYS, ...shown],
    density: DENSITIES.includes(found?.density) ? found.density : DEFAULTS.density };
}

export const choose = (layout) => rememberValue('columns', layout);

export const columnsOf = ({ shown }) => [['Select, show output', 'sr'], ...shown.map((name) => COLUMNS.get(name)),
  ['Actions', 'sr']];

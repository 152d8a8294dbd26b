// The columns of the job list: what each one shows, which are shown in which order, and how dense the rows are.

import { loadFields } from './fields.js';
import { recallValue, rememberValue } from './storage.js';
import { badge, cell, codeCell, h, jobLink, numberCell, since, took, when } from './ui.js';
import { STATES } from './vocabulary.js';

function timeOf(job) {
  if (job.state === 'processing') return job.started_at;
  if (STATES.get(job.state)?.is_due) return job.run_at;
  // A job waits for a worker from when it exists and its time has come: both texts sort by time.
  if (job.state === 'pending' && job.run_at > job.created_at) return job.run_at;
  return job.finished_at || job.created_at;
}

const chips = (tags) => tags.flatMap((tag) => [h('span', { class: 'chip' }, tag), ' ']);

// By kind: the class of the column, and its cell.
const KINDS = {
  state: [null, ({ label }, job) => cell(label, badge(job.state))],
  integer: ['num', ({ label, name }, job) => (job[name] === null ? cell(label, '', 'num')
    : numberCell(label, job[name]))],
  signal: ['num', ({ label, name }, job) => cell(label, job[name] ?? '', 'num')],
  duration: ['num', ({ label, name }, job) => cell(label, took(job[name]), 'num')],
  time: ['num', ({ label, name }, job) => cell(label, job[name] && when(job[name]), 'num')],
  flag: [null, ({ label, name }, job) => cell(label, job[name] ? 'yes' : '')],
  names: [null, ({ label, name }, job) => cell(label, job[name].length ? chips(job[name]) : '')],
  text: ['clip', ({ label, name }, job) => codeCell(label, job[name])],
};
const OTHERS = [null, ({ label, name }, job) => cell(label, job[name])];

// What says more than its field, or is none: [title, class, cell of a job].
const SPECIAL = {
  id: ['Job', null, (job) => h('th', { scope: 'row' }, jobLink(job.id))],
  attempts: ['Attempts', 'num', (job) => cell('Attempts', `${job.attempts} of ${job.max_retries + 1}`, 'num')],
  duration: ['Duration', 'num', (job) => cell('Duration', job.state === 'processing' && job.started_at
    ? since(job.started_at) : took(job.duration), 'num')],
  exit: ['Exit', 'num', (job) => cell('Exit', job.signal ? `signal ${job.signal}` : job.exit_code ?? '', 'num')],
  when: ['When', 'num', (job) => cell('When', when(timeOf(job)), 'num')],
};

// name: [title, class, cell of a job], of every field that a list has.
export const COLUMNS = new Map();

export async function loadColumns() {
  for (const field of (await loadFields()).filter(({ listed }) => listed)) {
    const [kind, draw] = KINDS[field.kind] || OTHERS;
    COLUMNS.set(field.name, [field.label, kind, (job) => draw(field, job)]);
  }
  for (const [name, column] of Object.entries(SPECIAL)) COLUMNS.set(name, column);
}

export const ALWAYS = 'id';
export const DENSITIES = ['comfortable', 'compact'];
export const DEFAULTS = { density: 'comfortable',
  shown: ['id', 'state', 'command', 'queue', 'priority', 'attempts', 'duration', 'exit', 'when'] };

// What was chosen, as far as it makes sense.
export function chosen() {
  const found = recallValue('columns');
  const named = Array.isArray(found?.shown) ? found.shown.filter((name) => COLUMNS.has(name)) : [];
  const shown = named.length ? [...new Set(named)] : DEFAULTS.shown;
  return { shown: shown.includes(ALWAYS) ? shown : [ALWAYS, ...shown],
    density: DENSITIES.includes(found?.density) ? found.density : DEFAULTS.density };
}

export const choose = (layout) => rememberValue('columns', layout);

export const titlesOf = ({ shown }) => [['Select, show output', 'sr'],
  ...shown.map((name) => COLUMNS.get(name).slice(0, 2)), ['Actions', 'sr']];

export const cellsOf = ({ shown }, job) => shown.map((name) => COLUMNS.get(name)[2](job));

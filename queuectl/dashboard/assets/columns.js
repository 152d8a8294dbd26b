// The columns of the job list: what each one shows, which are shown in which order, and how dense the rows are.

import { recallValue, rememberValue } from './storage.js';
import { badge, cell, h, jobLink, numberCell, since, took, when } from './ui.js';
import { STATES } from './vocabulary.js';

function timeOf(job) {
  if (job.state === 'processing') return job.started_at;
  if (STATES.get(job.state)?.is_due) return job.run_at;
  // A job waits for a worker from when it exists and its time has come: both texts sort by time.
  if (job.state === 'pending' && job.run_at > job.created_at) return job.run_at;
  return job.finished_at || job.created_at;
}

const clipped = (label, value) => cell(label, value && h('code', { title: value }, value), 'clip');
const chips = (tags) => tags.flatMap((tag) => [h('span', { class: 'chip' }, tag), ' ']);

// name: [title, class, cell of a job]
export const COLUMNS = new Map(Object.entries({
  id: ['Job', null, (job) => h('th', { scope: 'row' }, jobLink(job.id))],
  state: ['State', null, (job) => cell('State', badge(job.state))],
  command: ['Command', 'clip', (job) => clipped('Command', job.command)],
  queue: ['Queue', null, (job) => cell('Queue', job.queue)],
  priority: ['Priority', 'num', (job) => numberCell('Priority', job.priority)],
  attempts: ['Attempts', 'num', (job) => cell('Attempts', `${job.attempts} of ${job.max_retries + 1}`, 'num')],
  duration: ['Duration', 'num', (job) => cell('Duration', job.state === 'processing' && job.started_at
    ? since(job.started_at) : took(job.duration), 'num')],
  exit: ['Exit', 'num', (job) => cell('Exit', job.signal ? `signal ${job.signal}` : job.exit_code ?? '', 'num')],
  when: ['When', 'num', (job) => cell('When', when(timeOf(job)), 'num')],
  number: ['Number', 'num', (job) => numberCell('Number', job.number)],
  tags: ['Tags', null, (job) => cell('Tags', job.tags.length ? chips(job.tags) : '')],
  schedule: ['Schedule', null, (job) => cell('Schedule', job.schedule)],
  worker: ['Worker', 'num', (job) => cell('Worker', job.worker, 'num')],
  created: ['Created', 'num', (job) => cell('Created', when(job.created_at), 'num')],
  error: ['Error', 'clip', (job) => clipped('Error', job.error)],
}));

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

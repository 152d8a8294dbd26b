// The dialog that changes a job while it waits, with the command that would do the same. Only what differs is sent.

import { jobPath, patch } from './api.js';
import { asTags } from './addjob.js';
import { form } from './dialogs.js';
import { quote } from './format.js';
import { toast } from './ui.js';

const OPTIONS = { command: '--command', queue: '--queue', priority: '--priority', max_retries: '--retries',
  timeout: '--timeout', run_at: '--at', cwd: '--cwd', tags: '--tags' };

const fields = (job) => [
  { name: 'command', label: 'Command', required: true, rows: 3, hint: 'one shell command', value: job.command },
  { name: 'queue', label: 'Queue', required: true, hint: 'another name moves it there', value: job.queue },
  { name: 'priority', label: 'Priority', required: true, hint: '-1000 to 1000, higher runs first',
    value: String(job.priority) },
  { name: 'max_retries', label: 'Retries', required: true, hint: 'attempts after the first',
    value: String(job.max_retries) },
  { name: 'timeout', label: 'Timeout', required: true, hint: 'seconds, 5m, 1h30m or none',
    value: job.timeout === null ? 'none' : String(job.timeout) },
  { name: 'run_at', label: 'Run at', required: true, hint: 'now, +30m, tomorrow 09:00, or ISO 8601 with a zone',
    value: job.run_at },
  { name: 'cwd', label: 'Directory', required: true, hint: 'where it runs', value: job.cwd },
  { name: 'tags', label: 'Tags', hint: 'names to find it by, separated by commas', value: job.tags.join(', ') },
];

// A text area has line feeds only, and what is typed is trimmed: neither is a change.
const plain = (value) => value.replace(/\r\n?/g, '\n').trim();

function changes(before, values) {
  return before.filter(({ name, value }) => values[name] !== plain(value)).map(({ name }) => [name, values[name]]);
}

function body(changed) {
  const given = Object.fromEntries(changed);
  for (const name of ['priority', 'max_retries']) if (/^-?\d+$/.test(given[name])) given[name] = Number(given[name]);
  if ('tags' in given) given.tags = asTags(given.tags);
  return given;
}

// The words that `queuectl edit` takes for what is different.
function command(job, changed) {
  const words = changed.map(([name, value]) =>
    `${OPTIONS[name]} ${quote(name === 'tags' ? asTags(value).join(',') : value)}`);
  return ['queuectl edit', quote(job.id), ...(words.length ? words : ['…'])].join(' ');
}

export function editJob(job, app) {
  const before = fields(job);
  return form({ title: `Edit ${job.id}`, action: 'Save', fields: before,
    command: (values) => command(job, changes(before, values)),
    run: async (values) => {
      const changed = changes(before, values);
      if (!changed.length) return null;
      const answer = await patch(jobPath(job.id), body(changed));
      toast(`${job.id} changed, it is ${answer.job.state}`);
      app.refresh();
      return answer;
    } });
}

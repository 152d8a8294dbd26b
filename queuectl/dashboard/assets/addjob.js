// The dialog that adds a job, with the command that would do the same.

import { post } from './api.js';
import { form } from './dialogs.js';
import { quote } from './format.js';
import { h, jobUrl, toast } from './ui.js';

const FIELDS = [
  { name: 'command', label: 'Command', required: true, rows: 3, hint: 'one shell command' },
  { name: 'id', label: 'Id', hint: 'default: job-NUMBER' },
  { name: 'queue', label: 'Queue', hint: 'default: default' },
  { name: 'priority', label: 'Priority', hint: '-1000 to 1000, higher runs first' },
  { name: 'max_retries', label: 'Retries', hint: 'attempts after the first' },
  { name: 'timeout', label: 'Timeout', hint: 'seconds, 5m, 1h30m or none' },
  { name: 'run_at', label: 'Run at', hint: '+30m, tomorrow 09:00, or ISO 8601 with a zone; default: now' },
  { name: 'tags', label: 'Tags', hint: 'names to find it by, separated by commas' },
  { name: 'hold', label: 'Hold it until it is released', type: 'checkbox' },
];

// The `queuectl add` of a job: {command, queue, priority, max_retries, timeout, run_at, cwd, env, tags, hold, id}.
export function addCommand(job) {
  const words = ['queuectl add'];
  const option = (name, value) => value !== '' && value !== null && value !== undefined
    && words.push(`--${name} ${quote(value)}`);
  option('id', job.id);
  if (job.queue !== 'default') option('queue', job.queue);
  if (String(job.priority) !== '0') option('priority', job.priority);
  option('retries', job.max_retries);
  option('timeout', job.timeout);
  option('at', job.run_at);
  option('cwd', job.cwd);
  for (const [name, value] of Object.entries(job.env || {})) option('env', `${name}=${value}`);
  for (const tag of job.tags || []) option('tag', tag);
  if (job.hold) words.push('--hold');
  if (job.allow_background) words.push('--allow-background');
  return `${words.join(' ')} ${quote(job.command)}`;
}

export const asTags = (value) => value.split(',').map((tag) => tag.trim()).filter(Boolean);

function body(values) {
  const wanted = { ...values, tags: asTags(values.tags) };
  for (const [name, value] of Object.entries(wanted)) if (value === '' || value === false) delete wanted[name];
  for (const name of ['priority', 'max_retries']) if (/^-?\d+$/.test(wanted[name])) wanted[name] = Number(wanted[name]);
  if (wanted.timeout === 'none') wanted.timeout = null;
  return wanted;
}

export function added(app, job) {
  toast(`Job added: ${job.id}`, { action: h('a', { href: jobUrl(job.id) }, 'Show') });
  app.refresh();
}

export async function addJob(app) {
  await form({ title: 'Add a job', action: 'Add', fields: FIELDS,
    command: (values) => addCommand({ ...values, tags: asTags(values.tags), command: values.command || '…' }),
    run: async (values) => added(app, await post('/jobs', body(values))) });
}

// The forms of jobs: add a new one or one like another, or edit one that waits; with the command that does the same.

import { added } from './actions.js';
import { get, jobPath, loadFields, patch, post } from './api.js';
import { form } from './dialogs.js';
import { bodyOf, changesOf, editOptionsOf, filledIn, formField, optionsOf } from './fields.js';
import { quote } from './format.js';

// What must be given comes first, then what takes one line, several, a tick.
const LAST = ['variables', 'tick'];
const rank = ({ required, input }) => (required ? -2 : LAST.indexOf(input));

const loadForm = async () => (await loadFields()).filter(({ given }) => given)
  .sort((one, other) => rank(one) - rank(other));

function commandOf(filled, command) {
  const read = filled.find(([{ kind }]) => kind === 'stdin');
  const add = read ? `printf %s ${quote(read[1])} | queuectl add` : 'queuectl add';
  // It would be taken for an option, or for JSON.
  if (/^[-{]/.test(command)) return [add, ...optionsOf(filled)].join(' ');
  const options = optionsOf(filled.filter(([{ required }]) => !required));
  return [add, ...options, quote(command || '…')].join(' ');
}

export async function addJob(app) {
  const fields = await loadForm();
  await form({ title: 'Add a job', action: 'Add', fields: fields.map((field) => formField(field)),
    command: (values) => commandOf(filledIn(fields, values), values.command),
    run: async (values) => added(app, await post('/jobs', bodyOf(filledIn(fields, values)))) });
}

// The same form with what a job was given, which `command` adds again as it is. Only what differs is sent: the server
// knows the secrets.
export async function duplicateJob({ id }, app, command) {
  const fields = await loadForm();
  const { copy, secrets } = await get(jobPath(id));
  const before = fields.map((field) => formField(field, copy[field.name]));
  const changes = (values) => changesOf(fields, before, values);
  const secret = new Set(secrets.map((name) => `${name}=***`));
  const named = ([field, typed]) => [field, field.input !== 'variables' ? typed : typed.split('\n')
    .map((line) => (secret.has(line) ? line.slice(0, -'=***'.length) : line)).join('\n')];
  return form({ title: `Duplicate ${id}`, action: 'Add', fields: before,
    command: (values) => (changes(values).length ? commandOf(filledIn(fields, values).map(named), values.command)
      : command),
    run: async (values) => {
      const answer = await post(`${jobPath(id)}/duplicate`, bodyOf(changes(values)));
      added(app, answer.job);
      return answer;
    } });
}

// Change a job while it waits. Only what differs is sent.
export async function editJob(job, app) {
  const fields = (await loadFields()).filter(({ editable }) => editable);
  const before = fields.map((field) => formField(field, job[field.name]));
  const changes = (values) => changesOf(fields, before, values);
  const command = (values) => ['queuectl edit', quote(job.reference),
    editOptionsOf(changes(values)).join(' ') || '…'].join(' ');
  return form({ title: `Edit ${job.id}`, action: 'Save', fields: before, command,
    run: async (values) => {
      const changed = changes(values);
      if (!changed.length) return null;
      const answer = await patch(jobPath(job.id), bodyOf(changed));
      app.done(`${job.id} changed, it is ${answer.job.state}`);
      return answer;
    } });
}

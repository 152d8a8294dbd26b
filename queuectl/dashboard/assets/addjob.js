// The dialog that adds a job, with the command that would do the same.

import { added } from './actions.js';
import { loadFields, post } from './api.js';
import { form } from './dialogs.js';
import { bodyOf, filledIn, formField, optionsOf } from './fields.js';
import { quote } from './format.js';

// What must be given comes first, then what takes one line, several, a tick.
const LAST = ['variables', 'tick'];
const rank = ({ required, input }) => (required ? -2 : LAST.indexOf(input));

export async function addJob(app) {
  const fields = (await loadFields()).filter(({ given }) => given).sort((one, other) => rank(one) - rank(other));
  const command = (values) => {
    const filled = filledIn(fields, values);
    // What begins with a dash would be taken for an option.
    if (values.command.startsWith('-')) return ['queuectl add', ...optionsOf(filled)].join(' ');
    const options = optionsOf(filled.filter(([{ required }]) => !required));
    return ['queuectl add', ...options, quote(values.command || '…')].join(' ');
  };
  await form({ title: 'Add a job', action: 'Add', fields: fields.map((field) => formField(field)), command,
    run: async (values) => added(app, await post('/jobs', bodyOf(filledIn(fields, values)))) });
}

// The limit of a lock or a batch, how many jobs run at a time: its text, and the dialog that changes it.

import { patch as change } from './api.js';
import { number, quote } from './format.js';
import { button, form } from './ui.js';

/** @type {(slots: number | null) => string | null} */
export const limitText = (slots) => slots !== null && `${number(slots)} at a time`;

// The JSON for a typed text. The server refuses a text that is not a number.
const slotsOf = (typed) => (/^\d+$/.test(typed) ? Number(typed) : typed || null);

/**
 * The button that changes the limit of a thing, which is a `kind` of things.
 *
 * @param {any} app
 * @param {'lock' | 'batch'} kind
 * @param {string} path
 * @param {{name: string, slots: number | null}} thing
 */
export function limitButton(app, kind, path, { name, slots }) {
  const isLock = kind === 'lock';
  const command = (typed) => `queuectl ${kind} limit ${quote(name)} ${typed ? quote(typed) : isLock ? '…' : 'none'}`;
  const ask = () => form({ title: `Limit ${kind} ${name}`, action: 'Limit',
    fields: [{ name: 'slots', label: 'Jobs at a time', value: slots === null ? '' : String(slots), required: isLock,
      hint: `${isLock ? '' : 'empty: any number; '}running jobs go on` }],
    command: (values) => command(values.slots),
    run: async (values) => {
      await change(`${path}/${encodeURIComponent(name)}`, { slots: slotsOf(values.slots) });
      app.done(`Limited: ${kind} ${name}`);
    } });
  return button('Limit', ask, { class: 'small', title: `queuectl ${kind} limit ${quote(name)}`,
    'aria-label': `Limit ${kind} ${name}` });
}

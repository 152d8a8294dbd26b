// The fields of a job as the server describes them: in a form, in JSON and in a command.

import { quote } from './format.js';

const names = (text) => text.split(',').map((name) => name.trim()).filter(Boolean);
const lines = (text) => text.split('\n').filter((line) => line.trim());
const HINTS = { names: ', with commas between', variables: ', one NAME=VALUE a line' };
const MAY_BE_EMPTY = new Set(['names', 'text', 'variables']);
const ROWS = { text: 3, variables: 2 };

// A field of a form. `value` is what a job has for it, undefined for a new one.
export function formField({ name, label, input, help, default: words, required, wide }, value) {
  const common = { name, label, hint: help + (HINTS[input] || '') };
  if (input === 'tick' && value === undefined) return { ...common, type: 'checkbox' };
  const asks = { ...common, rows: input === 'variables' || wide ? ROWS[input] : undefined };
  if (value === undefined) return { ...asks, required, hint: asks.hint + (words ? `; default: ${words}` : '') };
  return { ...asks, required: required || !MAY_BE_EMPTY.has(input), value: typedOf(input, value),
    options: input === 'tick' ? ['yes', 'no'] : undefined };
}

// A text area has line feeds only, and typed text is trimmed: neither is a change.
const plain = (value = '') => value.replace(/\r\n?/g, '\n').trim();

// The fields of a form whose values differ from `before`, with their typed texts.
export const changesOf = (fields, before, values) => fields.map((field) => [field, values[field.name]])
  .filter(([, typed], index) => (typed || '') !== plain(before[index].value));

// The text to type for a value.
function typedOf(input, value) {
  if (value === null) return 'none';
  if (input === 'tick') return value ? 'yes' : 'no';
  if (input === 'variables') return Object.entries(value).map((pair) => pair.join('=')).join('\n');
  return input === 'names' ? value.join(', ') : String(value);
}

// The JSON for a typed text.
function jsonOf({ input }, typed) {
  if (input === 'number' && /^-?\d+$/.test(typed)) return Number(typed);
  if (input === 'tick') return typed === true || typed === 'yes';
  if (input === 'names') return names(typed);
  // The server refuses a name without a value.
  if (input === 'variables') return Object.fromEntries(lines(typed).map((line) => [line.split('=')[0],
    line.includes('=') ? line.slice(line.indexOf('=') + 1) : null]));
  return typed;
}

// The fields that were filled in, with their typed texts.
export const filledIn = (fields, values) => fields.map((field) => [field, values[field.name]])
  .filter(([, typed]) => typed !== '' && typed !== false && typed !== undefined);

export const bodyOf = (filled) => Object.fromEntries(filled.map(([field, typed]) =>
  [field.name, jsonOf(field, typed)]));

const optionOf = (name, text) => (text.startsWith('-') ? quote(`${name}=${text}`) : `${name} ${quote(text)}`);

// The options of the command for the same values.
export const optionsOf = (filled) => filled.flatMap(([{ input, kind, option }, typed]) => {
  if (input === 'tick') return [option];
  // Its value may be missing, so it stands after =.
  if (kind === 'patterns') return [`${option}=${quote(typed)}`];
  if (kind === 'stdin') return [`${option} -`];
  const texts = input === 'names' ? names(typed) : input === 'variables' ? lines(typed) : [typed];
  return texts.map((text) => optionOf(option, text));
});

// The options that edit a job: a new value replaces the old one.
export const editOptionsOf = (filled) => filled.map(([{ input, edit_option: option }, typed]) =>
  optionOf(option, input === 'names' ? names(typed).join(',') : typed));

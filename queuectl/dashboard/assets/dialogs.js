// Dialogs: all are <dialog>.showModal(), so that Tab stays inside, Esc closes, and focus goes back to the opener.

import { button, equivalent, h, reasonOf, text } from './ui.js';

/** @typedef {{name: string, label: string, type?: string, value?: string, hint?: string, options?: string[],
 *   required?: boolean, rows?: number, placeholder?: string}} FormField */

const discards = () => confirm({ title: 'Discard what you typed?', action: 'Discard', leave: 'Keep editing',
  run: async () => true });

// Show what `build(close, leave)` makes; resolves with the value of `close(value)`, or null. `leave()` closes it too,
// as Esc and a click beside it do, but asks first while `holds()` says that something would be lost.
/** @type {(title: string, build: any, options?: any) => Promise<any>} */
export function open(title, build, { holds = () => false, ...props } = {}) {
  return new Promise((resolve) => {
    let result = null;
    let pressed = null;
    const dialog = h('dialog', { 'aria-label': title, ...props });
    const close = (value) => { result = value; dialog.close(); };
    const leave = async () => { if (!holds() || await discards()) close(null); };
    // The user is about to leave the page: the browser asks.
    const stay = (event) => { if (holds()) event.preventDefault(); };
    dialog.append(...[build(close, leave)].flat());
    window.addEventListener('beforeunload', stay);
    dialog.addEventListener('close', () => {
      window.removeEventListener('beforeunload', stay);
      dialog.remove();
      resolve(result);
    });
    // A browser takes only one "no" to Esc: the next Esc closes the dialog, whatever is in it.
    dialog.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      event.preventDefault();
      leave();
    });
    dialog.addEventListener('cancel', (event) => {
      if (event.target !== dialog || !holds()) return;
      event.preventDefault();
      leave();
    });
    // A selection that ends outside of the dialog begins inside.
    dialog.addEventListener('mousedown', (event) => { pressed = event.target; });
    dialog.addEventListener('click', (event) => event.target === dialog && pressed === dialog && leave());
    document.body.append(dialog);
    dialog.showModal();
  });
}

// What the button `go` does: close the dialog with the answer of `run`. A refusal is shown, and passed to `refused`.
function sending(go, close, run, refused = null) {
  const problem = h('p', { class: 'error', role: 'alert', hidden: true });
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      close(await run() || true);
    } catch (error) {
      problem.hidden = false;
      text(problem, reasonOf(error));
      refused?.(error);
      go.disabled = false;
    }
  };
  return { problem, submit };
}

/**
 * Ask for a yes. A `word` must be typed, `flags` may be ticked. `run(ticked)` does it; its failure is shown here.
 *
 * @param {{title: string, action: string, run: (chosen: Record<string, boolean>) => Promise<any>, body?: string,
 *   sample?: string[], word?: string, command?: string, danger?: boolean, leave?: string,
 *   flags?: {name: string, option: string, help: string}[]}} question
 */
export function confirm({ title, body, sample, word, command, action, danger = true, flags = [], run,
  // If the action is to cancel, a button Cancel could mean either.
  leave = action.startsWith('Cancel') ? action.replace('Cancel', 'Keep') : 'Cancel' }) {
  const input = h('input', { autocomplete: 'off' });
  return open(title, (close) => {
    const go = h('button', { class: danger ? 'danger' : 'primary', disabled: Boolean(word) }, action);
    input.addEventListener('input', () => { go.disabled = input.value.trim() !== word; });
    const boxes = flags.map(({ name, option }) => h('input', { type: 'checkbox', name, value: option }));
    const ticked = () => boxes.filter(({ checked }) => checked);
    const same = h('div', {});
    const changed = () => command
      && same.replaceChildren(equivalent([command, ...ticked().map(({ value }) => value)].join(' ')));
    const { problem, submit } = sending(go, close,
      () => run(Object.fromEntries(ticked().map(({ name }) => [name, true]))));
    const typed = word && h('label', {}, `Type ${word} to go on`, input);
    changed();
    return h('form', { on: { submit, change: changed } }, h('h2', {}, title), body && h('p', {}, body),
      sample?.length ? h('ul', { class: 'sample' }, sample.map((line) => h('li', { class: 'mono' }, line))) : null,
      boxes.map((box, at) => h('label', { class: 'check' }, box, flags[at].help)), typed, same, problem,
      h('div', { class: 'row end' }, button(leave, () => close(null)), go));
  }, { holds: () => input.value !== '' });
}

/**
 * A form. `command(values)` is the live equivalent, `extra` an element and what it does after each change.
 *
 * @param {{title: string, action: string, fields: FormField[], run: (values: any) => Promise<any>,
 *   command?: (values: any) => string, extra?: {element: HTMLElement, changed: (values: any) => void}}} content
 */
export function form({ title, action, fields, command, extra, run }) {
  const inputs = new Map();
  const values = () => Object.fromEntries([...inputs].map(([name, input]) =>
    [name, input.type === 'checkbox' ? input.checked : input.value.trim()]));
  let before = '';
  return open(title, (close, leave) => {
    const same = h('div', {});
    const changed = () => {
      if (command) same.replaceChildren(equivalent(command(values())));
      extra?.changed(values());
    };
    const line = (field) => {
      const tag = field.options ? 'select' : field.rows ? 'textarea' : 'input';
      const id = `field-${field.name}`;
      const input = h(tag, { id, name: field.name, required: field.required, rows: field.rows, spellcheck: 'false',
        type: tag === 'input' ? field.type || 'text' : null, autocomplete: 'off', 'aria-describedby': `${id}-help`,
        placeholder: field.placeholder },
      (field.options || []).map((option) => h('option', { value: option }, option)));
      if (field.value !== undefined) input.value = field.value;
      inputs.set(field.name, input);
      const ticks = field.type === 'checkbox';
      return h('label', { class: ticks ? 'check long' : field.rows ? 'long' : null },
        ticks ? [input, field.label] : [field.label, input], h('small', { id: `${id}-help` }, field.hint || ''));
    };
    const go = h('button', { class: 'primary' }, action);
    const send = () => {
      for (const input of inputs.values()) input.removeAttribute('aria-invalid');
      return run(values());
    };
    const { problem, submit } = sending(go, close, send, ({ field, message }) => {
      const blamed = inputs.get(field || /^\w*/.exec(message)[0]); // refusals begin with the name
      blamed?.setAttribute('aria-invalid', 'true');
      blamed?.focus();
    });
    const element = h('form', { on: { submit, input: changed } }, h('h2', {}, title),
      h('div', { class: 'fields' }, fields.map(line)), extra?.element, same, problem,
      h('div', { class: 'row end' }, button('Cancel', leave), go));
    changed();
    before = JSON.stringify(values());
    return element;
  }, { holds: () => JSON.stringify(values()) !== before });
}

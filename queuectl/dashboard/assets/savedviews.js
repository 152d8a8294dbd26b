// Named views of the job list: filter, order and page size. They are links, and only this browser keeps them.

import { queryString } from './api.js';
import { recallValue, rememberValue } from './storage.js';
import { button, confirm, form, h } from './ui.js';

const PARTS = ['q', 'sort', 'limit'];
const LONGEST = 60;
const MOST = 50;

// Take only the parts of a view, whatever is stored: never a path, nor a place in the list.
function view(name, query) {
  const given = new URLSearchParams(query);
  const kept = queryString(Object.fromEntries(PARTS.map((part) => [part, given.get(part)])));
  return { name: name.trim().slice(0, LONGEST), query: kept, url: `/jobs${kept}` };
}

export function views() {
  const found = recallValue('views');
  if (!Array.isArray(found)) return [];
  const read = found.filter((one) => typeof one?.name === 'string' && typeof one.query === 'string')
    .map(({ name, query }) => view(name, query)).filter(({ name }) => name);
  return [...new Map(read.map((one) => [one.name, one])).values()].slice(0, MOST);
}

function keep(list) {
  rememberValue('views', list.map(({ name, query }) => ({ name, query })));
}

const replaces = (name) => confirm({ title: `Replace the view ${name}?`, action: 'Replace', danger: false,
  body: 'It gets the filter, order and page size of this page.', run: async () => true });

// Ask for a name and keep the view that the page shows under it.
function saveView(query) {
  return form({ title: 'Name this view', action: 'Save the view', fields: [{ name: 'name', label: 'Name',
    required: true, hint: 'this browser remembers it: filter, order and page size' }],
  run: async ({ name }) => {
    const added = view(name, query);
    const others = views().filter((one) => one.name !== added.name);
    if (!added.name) throw Object.assign(new Error('a view needs a name'), { field: 'name' });
    if (others.length >= MOST) throw new Error(`at most ${MOST} views are kept, delete one`);
    if (others.length < views().length && !await replaces(added.name)) {
      throw Object.assign(new Error('a view with this name exists, and stays as it is'), { field: 'name' });
    }
    keep([...others, added].sort((a, b) => a.name.localeCompare(b.name)));
  } });
}

const dropView = (name) => confirm({ title: `Delete the view ${name}?`, body: 'The jobs stay.', action: 'Delete',
  run: async () => keep(views().filter((one) => one.name !== name)) });

// The bar of links, and the button that adds one.
export class ViewBar {
  constructor(signal) {
    this.query = '';
    this.links = h('ul', { class: 'row views' });
    this.element = h('div', { class: 'row', role: 'navigation', 'aria-label': 'Saved views' }, this.links,
      button('Name this view', async () => { await saveView(this.query); this.draw(); }, { class: 'small' }));
    window.addEventListener('storage', () => this.draw(), { signal }); // another tab has changed them
  }

  // The view that the page shows.
  set(query) {
    this.query = query;
    this.draw();
  }

  draw() {
    const { url: shown } = view('', this.query);
    this.links.replaceChildren(...views().map(({ name, url }) => h('li', { class: 'chip' },
      h('a', { href: url, 'aria-current': url === shown ? 'true' : null }, name),
      button('×', async () => { await dropView(name); this.draw(); }, { class: 'plain small', title: 'Delete the view',
        'aria-label': `Delete the view ${name}` }))));
    this.links.hidden = !this.links.childElementCount;
  }
}

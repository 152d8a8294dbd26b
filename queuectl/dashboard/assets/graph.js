// The jobs that are linked to a job, as a drawing from left to right and as a table. Each job is a link, and so is each
// batch that jobs wait for.

import { GLYPHS, number, plural } from './format.js';
import { asTable } from './lists.js';
import { BATCH_LOOKS, badge, batchLink, h, jobLink, jobsUrl, jobUrl, patch, s, text } from './ui.js';
import { STATES } from './vocabulary.js';

const WIDTH = 176;
const HEIGHT = 42;
const BETWEEN = 56; // two layers
const BELOW = 14;
const EDGE = 8;
const LETTERS = 20;
const LAST_LETTERS = 8; // ids differ at the end more often than at the beginning
const HEAD = 6; // of an arrow
const SWEEPS = 4;
const MOST_BENDS = 400;
const WORDS = { completed: 'must complete', any: 'must end', failed: 'must fail' };
const LINES = { completed: 'solid: after success', any: 'dashed: after any end', failed: 'dotted: after a failure' };

const cut = (words) => (words.length > LETTERS
  ? `${words.slice(0, LETTERS - LAST_LETTERS - 1)}…${words.slice(-LAST_LETTERS)}` : words);
const stateOf = ({ state, stuck, suspended }) => (state === null ? 'gone' : suspended ? 'suspended'
  : stuck ? `${state}, stuck` : state);
const lookOf = ({ state, suspended, batch }) => (suspended ? 'suspended' : batch ? BATCH_LOOKS[state] : state);
const urlOf = ({ id, batch }) => (batch ? jobsUrl(`batch:${batch}`) : jobUrl(id));
const linkTo = ({ id, batch }) => (batch ? batchLink(batch, id) : jobLink(id));
const toneOf = ({ satisfied_at: satisfied, hopeless }) => (satisfied ? 'completed' : hopeless ? 'dead' : 'pending');

// The numbers on the way of each edge. In each layer between, it has its own place, so that it crosses no job.
function waysOf(nodes, edges) {
  const layers = new Map(nodes.map(({ number: name, layer }) => [name, layer]));
  const bends = [];
  const ways = edges.map(({ parent, child }) => {
    const way = [parent];
    for (let layer = layers.get(parent) + 1; layer < layers.get(child) && bends.length < MOST_BENDS; layer += 1) {
      const bend = { number: `${parent}-${child}-${layer}`, layer };
      bends.push(bend);
      way.push(bend.number);
    }
    return [...way, child];
  });
  return { bends, ways };
}

// Jobs and bends by layer, near those that they are linked to, so that few lines cross.
function arranged(nodes, ways) {
  const layers = [];
  for (const node of nodes) (layers[node.layer] ||= []).push(node);
  const rows = new Map();
  const near = new Map(nodes.map((node) => [node.number, []]));
  for (const way of ways) {
    way.slice(1).forEach((to, at) => {
      near.get(way[at]).push(to);
      near.get(to).push(way[at]);
    });
  }
  const settle = (layer) => layer.forEach((node, row) => rows.set(node.number, row - (layer.length - 1) / 2));
  const wanted = ({ number: name }) => {
    const linked = near.get(name);
    return linked.length ? linked.reduce((sum, one) => sum + rows.get(one), 0) / linked.length : rows.get(name);
  };
  layers.forEach(settle);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const layer of sweep % 2 ? [...layers].reverse() : layers) {
      const places = new Map(layer.map((node) => [node, wanted(node)]));
      layer.sort((one, other) => places.get(one) - places.get(other));
      settle(layer);
    }
  }
  return layers;
}

// {number: [x, y]} of the upper left corners, and the size of all.
function placed(layers) {
  const most = Math.max(...layers.map((layer) => layer.length));
  const places = new Map();
  layers.forEach((layer, column) => layer.forEach((node, row) => places.set(node.number, [
    EDGE + column * (WIDTH + BETWEEN), EDGE + (row + (most - layer.length) / 2) * (HEIGHT + BELOW)])));
  return { places, width: 2 * EDGE + layers.length * (WIDTH + BETWEEN) - BETWEEN,
    height: 2 * EDGE + most * (HEIGHT + BELOW) - BELOW };
}

function drawnEdge(edge, way, places) {
  const [start, ...rest] = way.map((name) => [places.get(name)[0], places.get(name)[1] + HEIGHT / 2]);
  const [x, y] = rest[rest.length - 1];
  const bend = BETWEEN / 2;
  let fromY = start[1];
  let path = `M${start[0] + WIDTH} ${fromY}`;
  for (const [toX, toY] of rest) {
    path += `H${toX - BETWEEN}C${toX - bend} ${fromY} ${toX - bend} ${toY} ${toX} ${toY}`;
    fromY = toY;
  }
  const tone = toneOf(edge);
  return [s('path', { 'data-when': edge.when, 'data-state': tone, d: path }),
    s('path', { 'data-state': tone, d: `M${x - HEAD} ${y - HEAD / 2}L${x} ${y}L${x - HEAD} ${y + HEAD / 2}` })];
}

function drawnNode(node, [x, y], here) {
  const state = stateOf(node);
  const glyph = GLYPHS[lookOf(node)] || STATES.get(lookOf(node))?.glyph;
  const parts = [s('title', {}, `${node.id}, ${state}\n${node.command}`),
    s('rect', { x, y, width: WIDTH, height: HEIGHT, rx: 6 }),
    s('text', { x: x + 10, y: y + 17 }, cut(node.id)),
    s('text', { x: x + 10, y: y + 33, class: 'state' }, glyph ? `${glyph} ${state}` : state)];
  const props = { 'data-state': lookOf(node), 'aria-label': `${node.id}, ${state}` };
  return node.state === null ? s('g', props, parts)
    : s('a', { ...props, href: urlOf(node), 'aria-current': here ? 'true' : null }, parts);
}

export class Graph {
  constructor(id) {
    this.id = id;
    this.place = h('div', { class: 'graph' });
    this.note = h('p', { class: 'hint' });
    this.table = asTable('Linked jobs', () => this.tabulate());
    this.element = h('section', { class: 'card' }, h('h2', {}, 'Linked jobs'), this.place, this.note,
      this.table.element);
  }

  /** @param {Api.Graph} graph */
  show(graph) {
    const isFirst = !this.graph;
    this.graph = graph;
    const focused = this.place.contains(document.activeElement) && document.activeElement.getAttribute('href');
    if (!patch(this.place, graph, () => this.draw())) return;
    this.table.draw();
    if (focused) this.place.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    if (isFirst) this.center();
    const kinds = Object.keys(LINES).filter((when) => graph.edges.some((edge) => edge.when === when));
    const least = graph.complete ? '' : 'at least ';
    text(this.note, [kinds.map((when) => LINES[when]).join(', '),
      graph.left && `${least}${plural(graph.left, 'more job')}`].filter(Boolean).join('; '));
  }

  // Bring the page's job into sight, without moving the page.
  center() {
    const [x, y] = this.spot;
    this.place.scrollTo(x + (WIDTH - this.place.clientWidth) / 2, y + (HEIGHT - this.place.clientHeight) / 2);
  }

  draw() {
    const { nodes, edges, job } = this.graph;
    const { bends, ways } = waysOf(nodes, edges);
    const { places, width, height } = placed(arranged([...nodes, ...bends], ways));
    this.spot = places.get(job);
    return s('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'group',
      'aria-label': `${number(nodes.length)} linked jobs` },
    edges.map((edge, at) => drawnEdge(edge, ways[at], places)),
    nodes.map((node) => drawnNode(node, places.get(node.number), node.number === job)));
  }

  tabulate() {
    const { nodes, edges } = this.graph;
    const ids = new Map(nodes.map(({ number: name, id }) => [name, id]));
    const parents = (node) => edges.filter(({ child }) => child === node.number).map(({ parent, when }) =>
      h('div', {}, `${ids.get(parent)} ${WORDS[when]}`));
    return [[['Job'], ['State'], ['Waits for']], nodes.map((node) => h('tr', {},
      h('th', { scope: 'row' }, node.state === null ? node.id : linkTo(node)),
      h('td', {}, badge(lookOf(node), stateOf(node))), h('td', {}, parents(node))))];
  }
}

// ANSI escapes in output: colors and weights become classes, other escapes are left out.

/* eslint no-control-regex: off -- control characters are what this file reads */
const ESCAPE = /\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[@-Z\\-_])/g;
const UNSEEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]/g;
const WEIGHTS = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 7: 'inverse', 9: 'strike' };
const STEPS = [0, 95, 135, 175, 215, 255];

export const plain = () => ({ weights: new Set(), ink: null, paper: null });
export const copyOf = ({ weights, ...colors }) => ({ weights: new Set(weights), ...colors });

// Color 16 to 255 of the 256, as CSS.
function indexed(index) {
  if (index < 16) return { base: index % 8 };
  if (index > 231) return { css: `rgb(${Array(3).fill(8 + (index - 232) * 10).join(' ')})` };
  const cube = index - 16;
  return { css: `rgb(${STEPS[Math.floor(cube / 36)]} ${STEPS[Math.floor(cube / 6) % 6]} ${STEPS[cube % 6]})` };
}

function apply(style, codes) {
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (code === 0) Object.assign(style, plain());
    else if (WEIGHTS[code]) style.weights.add(WEIGHTS[code]);
    else if (code === 22) { style.weights.delete('bold'); style.weights.delete('dim'); }
    else if (WEIGHTS[code - 20]) style.weights.delete(WEIGHTS[code - 20]);
    else if (code === 39) style.ink = null;
    else if (code === 49) style.paper = null;
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) style.ink = { base: code % 10 };
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) style.paper = { base: code % 10 };
    else if (code === 38 || code === 48) {
      const rgb = codes[at + 1] === 2;
      const color = rgb ? { css: `rgb(${codes.slice(at + 2, at + 5).map((part) => part & 255).join(' ')})` }
        : indexed((codes[at + 2] || 0) & 255);
      style[code === 38 ? 'ink' : 'paper'] = color;
      at += rgb ? 4 : 2;
    }
  }
}

const color = ({ base, css }) => css || `var(--ansi-${base})`;

function piece(text, style) {
  const shown = text.replace(UNSEEN, '');
  if (!shown) return null;
  if (!style.weights.size && !style.ink && !style.paper) return document.createTextNode(shown);
  const span = document.createElement('span');
  span.className = [...style.weights].map((name) => `ansi-${name}`).join(' ');
  if (style.ink) span.style.color = color(style.ink);
  if (style.paper) { span.style.background = color(style.paper); if (!style.ink) span.style.color = 'var(--bg)'; }
  span.textContent = shown;
  return span;
}

// The nodes of one line. `style` is carried from line to line. A carriage return starts the line over.
export function render(line, style) {
  const from = line.replace(/\r+$/, '').lastIndexOf('\r') + 1;
  const nodes = [];
  let end = 0;
  const add = (text) => { const node = piece(text, style); if (node) nodes.push(node); };
  if (from) strip(line.slice(0, from), style);
  const rest = line.slice(from);
  for (const match of rest.matchAll(ESCAPE)) {
    add(rest.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[2] === 'm') apply(style, match[1].split(/[;:]/).map(Number));
  }
  add(rest.slice(end).replace(/\r/g, ''));
  return nodes;
}

// The line without escapes; they change `style`, if given.
export function strip(line, style) {
  return line.replace(ESCAPE, (whole, codes, kind) => {
    if (kind === 'm' && style) apply(style, codes.split(/[;:]/).map(Number));
    return '';
  }).replace(UNSEEN, '');
}

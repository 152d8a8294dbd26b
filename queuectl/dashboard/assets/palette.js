// The command palette: pages, actions and jobs by id, behind Ctrl/Cmd-K.

import { get } from './api.js';
import { open } from './dialogs.js';
import { views } from './savedviews.js';
import { Suggestions } from './suggest.js';
import { h, jobUrl } from './ui.js';

export function palette(app, commands) {
  return open('Commands', (close) => {
    const input = h('input', { 'aria-label': 'Command or job id', placeholder: 'A command or a job id', autofocus: true,
      spellcheck: 'false', autocomplete: 'off' });
    const saved = views().map(({ name, url }) =>
      ({ name: `Jobs: ${name}`, keys: 'view', run: () => app.navigate(url) }));
    const find = async () => {
      const wanted = input.value.trim().toLowerCase();
      const fitting = [...commands, ...saved].filter(({ name }) => name.toLowerCase().includes(wanted))
        .map((command) => ({ value: command.name, note: command.keys, run: command.run }));
      if (!wanted) return fitting;
      const { items } = await get('/suggest', { field: 'id', prefix: input.value.trim() }).catch(() => ({ items: [] }));
      const jobs = items.slice(0, 8).map(({ value }) =>
        ({ value, note: 'job', run: () => app.navigate(jobUrl(value)) }));
      const search = { value: `Search jobs for ${wanted}`, note: 'search',
        run: () => app.navigate(`/jobs?q=${encodeURIComponent(input.value.trim())}`) };
      return [...fitting, ...jobs, search];
    };
    const suggestions = new Suggestions(input, find, (chosen) => { close(null); chosen.run(); });
    suggestions.always = true;
    return [input, suggestions.list];
  }, { class: 'palette' });
}

import { Observable } from '../values/observable.ts';

const PLACES = ['machines', 'create', 'images', 'volumes', 'networks', 'host'] as const;
type Place = (typeof PLACES)[number];

/** The place that the address names, in its fragment: the server sees none of it. */
export type Route =
  | { readonly page: Place }
  | {
      readonly page: 'machine';
      readonly name: string;
      readonly tab: string;
      /** The directory of the guest that the tab shows; empty for the tab's first one. */
      readonly directory: string;
      readonly alone: boolean;
    };

function parseRoute(fragment: string): Route {
  const [path = '', query = ''] = fragment.replace(/^#\/?/, '').split('?');
  const [page, name, tab = 'overview', directory = ''] = path.split('/').map(decoded);
  if (page !== 'machines' || !name) return { page: PLACES.find((place) => place === page) ?? 'machines' };
  return { page: 'machine', name, tab, directory, alone: query === 'alone' };
}

/** An address that was typed by hand may not be encoded. */
function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

/** @param alone nothing but this tab, for a window of its own. */
export function machineAddress(name: string, tab = 'overview', alone = false): string {
  return `#/machines/${encodeURIComponent(name)}/${tab}${alone ? '?alone' : ''}`;
}

export function directoryAddress(name: string, directory: string): string {
  return `${machineAddress(name, 'files')}/${encodeURIComponent(directory)}`;
}

export const route = new Observable<Route>(parseRoute(location.hash));

addEventListener('hashchange', () => {
  // A new address of the server was opened in this tab.
  if (location.hash.startsWith('#token=')) location.reload();
  else route.set(parseRoute(location.hash));
});

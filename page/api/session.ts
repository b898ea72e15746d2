import { Observable } from '../values/observable.ts';

const KEY = 'vmlet.secret';
const ANSWER_MS = 500;

/** A message between the tabs of one server. A new secret replaces theirs: they share the cookie that it belongs to. */
type Told = 'secret?' | { readonly secret: string };

/** Whether the server knows this page: `unknown` until it has answered. */
export const session = new Observable<'unknown' | 'open' | 'refused'>('unknown');

export function secret(): string {
  return sessionStorage.getItem(KEY) ?? '';
}

/**
 * Exchanges the token of the address, which works once, for the session's secret, and removes it from the address. What
 * follows the token is the place to show, as in `#token=TOKEN/machines/web/screen`.
 * Without one, another tab of this server gives the secret: a link may be opened in a new tab.
 */
export async function openSession(): Promise<void> {
  const tabs = new BroadcastChannel('vmlet');
  const [, token, place = '/machines'] = /^#token=([^/]+)(\/.*)?$/.exec(location.hash) ?? [];
  if (token !== undefined) {
    // It takes the place of the address in the history, and is reported as a change of it.
    location.replace(`#${place}`);
    if (await exchange(token)) tabs.postMessage({ secret: secret() });
  }
  if (secret() === '') await askTabs(tabs);
  tabs.onmessage = ({ data }: MessageEvent<Told>) => {
    if (typeof data === 'object') {
      store(data.secret);
      // A request in between was refused.
      session.set('open');
    } else if (session.value === 'open') tabs.postMessage({ secret: secret() });
  };
  session.set(secret() === '' ? 'refused' : 'open');
}

/** Returns false if it was refused. */
async function exchange(token: string): Promise<boolean> {
  const answer = await fetch('/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  // A used token is refused, but this tab may have its secret already: the address was opened again.
  if (!answer.ok) return false;
  const { secret: given } = (await answer.json()) as { secret: string };
  store(given);
  return true;
}

function store(given: string): void {
  sessionStorage.setItem(KEY, given);
}

async function askTabs(tabs: BroadcastChannel): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ANSWER_MS);
    tabs.onmessage = ({ data }: MessageEvent<Told>) => {
      if (typeof data === 'string') return;
      store(data.secret);
      clearTimeout(timer);
      resolve();
    };
    tabs.postMessage('secret?');
  });
}

/** The subprotocols of a WebSocket. */
export function protocols(): string[] {
  return ['vmlet', `vmlet.secret.${secret()}`];
}

export function socketAddress(path: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
}

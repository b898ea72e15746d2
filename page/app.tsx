import { useLayoutEffect, useRef } from 'preact/hooks';
import { connected } from './state/server-events.ts';
import { session } from './api/session.ts';
import { Create } from './create/page.ts';
import { Host, Images, Networks, Volumes } from './host/pages.ts';
import { MachineList } from './list/list.tsx';
import { MachinePage } from './machine/machine-page.tsx';
import { Command } from './parts/command.tsx';
import { keepFocus } from './state/keep-focus.ts';
import { Notices } from './parts/notices.tsx';
import { useValue } from './values/observable.ts';
import { type Route, route } from './state/route.ts';

const PAGES = {
  machines: { label: 'Machines', page: MachineList },
  create: { label: 'New machine', page: Create },
  images: { label: 'Images', page: Images },
  volumes: { label: 'Volumes', page: Volumes },
  networks: { label: 'Networks', page: Networks },
  host: { label: 'Host', page: Host },
} as const;

export function App() {
  const here = useValue(route);
  const access = useValue(session);
  const isConnected = useValue(connected);
  const main = useRef<HTMLElement>(null);
  const title = titleOf(here);
  useLayoutEffect(() => {
    document.title = title;
  }, [title]);
  useLayoutEffect(() => (main.current ? keepFocus(main.current) : undefined), []);
  // A machine's page belongs to the machines.
  const current = here.page === 'machine' ? 'machines' : here.page;
  const isAlone = here.page === 'machine' && here.alone;
  return (
    <div class={isAlone ? 'alone' : ''}>
      {!isAlone && (
        <header class="top">
          <button type="button" class="skip" onClick={() => main.current?.focus()}>
            Skip to the content
          </button>
          <a href="#/machines">vmlet</a>
          <nav aria-label="Pages">
            {Object.entries(PAGES).map(([page, { label }]) => (
              <a
                key={page}
                href={`#/${page}`}
                {...(current === page && { 'aria-current': here.page === page ? ('page' as const) : true })}
              >
                {label}
              </a>
            ))}
          </nav>
          <span class="connection faint" role="status">
            {access === 'open' && !isConnected
              ? 'the server does not answer; if vmlet ui is no longer running, start it again: vmlet ui'
              : ''}
          </span>
        </header>
      )}
      <main ref={main} tabIndex={-1}>
        {access === 'refused' ? <Refused /> : <Page here={here} />}
      </main>
      <Notices />
    </div>
  );
}

function Page({ here }: { readonly here: Route }) {
  if (here.page === 'machine') return <MachinePage key={here.name} {...here} />;
  const { page: Shown } = PAGES[here.page];
  return <Shown />;
}

function Refused() {
  return (
    <>
      <h1>This link is not valid</h1>
      <p>
        A link from <code>vmlet ui</code> works only once, and only while its server is running. For a new
        link, press Enter in the terminal where vmlet ui runs, or start the server again:
      </p>
      <Command text="vmlet ui" />
    </>
  );
}

function titleOf(here: Route): string {
  const title = here.page === 'machine' ? `${here.name}: ${here.tab}` : PAGES[here.page].label;
  return `${title} - vmlet`;
}

import RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import { protocols, socketAddress } from '../api/session.ts';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Menu } from '../parts/menu.tsx';
import { runAction } from '../state/notices.ts';
import { machineAddress } from '../state/route.ts';
import type { ConsoleProperties } from './consoles.tsx';
import { isRelease, RELEASE, WindowButtons } from './window-buttons.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl+Alt+Del', 'ctrl-alt-delete'],
  ['Ctrl+Alt+Backspace', 'ctrl-alt-backspace'],
  ...Array.from({ length: 7 }, (_, index) => [`Ctrl+Alt+F${index + 1}`, `ctrl-alt-f${index + 1}`] as const),
  ['Alt+Tab', 'alt-tab'],
  ['Alt+F4', 'alt-f4'],
  ['Super', 'meta_l'],
  ['Print screen', 'print'],
  ['Escape', 'esc'],
];

/** The screen of a machine, with its keyboard and pointer. */
export function ScreenConsole({ machine, alone }: ConsoleProperties) {
  const { name, spec, status } = machine;
  const glass = useRef<HTMLDivElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const rfb = useRef<RFB>(undefined);
  const [scale, setScale] = useState(true);
  const [state, setState] = useState('');
  const hasScreen = spec.display === 'vnc';
  const isRunning = status.kind === 'running';

  useEffect(() => {
    if (!hasScreen || !isRunning || !glass.current) {
      setState('the machine is not running');
      return undefined;
    }
    return followScreen(glass.current, name, (next, text) => {
      rfb.current = next;
      setState(text);
      if (next) next.scaleViewport = scale;
    });
  }, [name, hasScreen, isRunning]);

  useEffect(() => {
    if (rfb.current) rfb.current.scaleViewport = scale;
  }, [scale]);

  if (!hasScreen) {
    return (
      <p>
        {name} has no screen. Its <a href={machineAddress(name, 'serial')}>serial console</a> shows its
        output.
      </p>
    );
  }
  const press = (label: string, keys: string): void => {
    void runAction({
      machine: name,
      kind: 'keyboard',
      title: `Press ${label}:`,
      command: shellCommand('vmlet', 'sendkey', name, keys),
      body: { keys: [keys] },
    });
    rfb.current?.focus();
  };
  return (
    <div class="console">
      <div class="row" ref={bar}>
        <WindowButtons machine={name} tab="screen" alone={alone} glass={glass} />
        <Menu
          label="Keys"
          name="Keys to press"
          items={KEYS.map(([label, keys]) => ({
            label,
            command: shellCommand('vmlet', 'sendkey', name, keys),
            run: () => press(label, keys),
          }))}
        />
        <label>
          <input
            type="checkbox"
            checked={scale}
            onChange={(event) => setScale(event.currentTarget.checked)}
          />{' '}
          Scale
        </label>
        <span class="faint" role="status">
          {state}
        </span>
        {!alone && <Command text={shellCommand('vmlet', 'view', name)} />}
      </div>
      <div
        class="glass"
        ref={glass}
        role="application"
        aria-label={`Screen of ${name}`}
        tabIndex={0}
        onFocus={(event) => event.target === event.currentTarget && rfb.current?.focus()}
        onKeyDownCapture={(event) => {
          if (!isRelease(event)) return;
          event.stopPropagation();
          event.preventDefault();
          rfb.current?.blur();
          bar.current?.querySelector('button')?.focus();
        }}
      />
      {!alone && <TypeText name={name} />}
      {!alone && <p class="faint">{RELEASE} leaves the screen.</p>}
    </div>
  );
}

/** Types by QEMU, not over VNC: at the guest's speed, with Shift where a character needs it. */
function TypeText({ name }: { readonly name: string }) {
  const [text, setText] = useState('');
  const [enter, setEnter] = useState(true);
  const typed = enter ? `${text}\n` : text;
  const command = shellCommand('vmlet', 'sendkey', '--text', typed, name);
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void runAction({
          machine: name,
          kind: 'keyboard',
          title: 'Type text:',
          command,
          body: { text: typed },
        });
      }}
    >
      <input
        required
        aria-label="Text to type"
        placeholder="Text to type (US keyboard)"
        value={text}
        autocomplete="off"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <label>
        <input type="checkbox" checked={enter} onChange={(event) => setEnter(event.currentTarget.checked)} />{' '}
        then Enter
      </label>
      <button type="submit">Type</button>
    </form>
  );
}

const AGAIN_MS = 1000;

/** Connects to the screen, and again when the connection ends. Returns the function that ends it. */
function followScreen(
  place: HTMLElement,
  name: string,
  report: (rfb: RFB | undefined, text: string) => void,
): () => void {
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: RFB | undefined;
  const open = (): void => {
    report(undefined, 'connecting …');
    const rfb = new RFB(place, socketAddress(machinePath(name, 'vnc')), {
      wsProtocols: protocols(),
      shared: true,
    });
    current = rfb;
    rfb.showDotCursor = true;
    rfb.addEventListener('connect', () => report(rfb, 'connected'));
    rfb.addEventListener('disconnect', () => {
      if (closed) return;
      report(undefined, 'disconnected');
      timer = setTimeout(open, AGAIN_MS);
    });
  };
  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    current?.disconnect();
  };
}

import RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import { protocols, socketAddress } from '../api/session.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Menu } from '../parts/menu.tsx';
import { runAction } from '../state/notices.ts';
import { machineAddress } from '../state/route.ts';
import type { ConsoleProperties } from './consoles.tsx';
import { COMBINATIONS, press, untypable } from './us-keyboard.ts';
import { isRelease, RELEASE, WindowButtons } from './window-buttons.tsx';

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
      rfb.current = undefined;
      setState('the machine is not running');
      return undefined;
    }
    return followScreen(glass.current, name, (next, text) => {
      rfb.current = next;
      setState(text);
    });
  }, [name, hasScreen, isRunning]);

  // Each connection has a picture of its own.
  useEffect(() => {
    if (rfb.current) rfb.current.scaleViewport = scale;
  }, [scale, state]);

  if (!hasScreen) {
    return (
      <p>
        Machine {name} has no screen. Its output is on the{' '}
        <a href={machineAddress(name, 'serial')}>serial console</a>.
      </p>
    );
  }
  return (
    <div class="console">
      <div class="row" ref={bar}>
        <WindowButtons machine={name} tab="screen" alone={alone} glass={glass} />
        <Menu
          label="Keys"
          name="Keys to press"
          items={COMBINATIONS.map(([label, words, keys]) => ({
            label,
            command: shellCommand('vmlet', 'sendkey', name, words),
            off: rfb.current === undefined,
            run: () => {
              if (!rfb.current) return;
              press(rfb.current, keys);
              rfb.current.focus();
            },
          }))}
        />
        <Checkbox checked={scale} set={setScale}>
          Scale
        </Checkbox>
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
      {!alone && <TypeText name={name} ready={isRunning} />}
      {!alone && <p class="faint">{RELEASE} moves the focus out of the screen.</p>}
    </div>
  );
}

/** Types a text as keys of a US keyboard, at the guest's speed: a screen has no clipboard of its own. */
function TypeText({ name, ready }: { readonly name: string; readonly ready: boolean }) {
  const [text, setText] = useState('');
  const [enter, setEnter] = useState(false);
  // As a key: a shell shows no line break as one.
  const keys = enter ? ['enter'] : [];
  const missing = untypable(text);
  const command = shellCommand('vmlet', 'sendkey', name, ...keys, '--text', text);
  const type = (): void => {
    void runAction({
      path: machinePath(name, 'keyboard'),
      title: `Type into ${name}`,
      command,
      body: { text, keys },
    });
  };
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        type();
      }}
    >
      <input
        required
        aria-label="Text to type"
        placeholder="Text to type (guest with US keyboard)"
        value={text}
        autocomplete="off"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Checkbox checked={enter} set={setEnter}>
        then press Enter
      </Checkbox>
      <button type="submit" disabled={!ready || missing !== undefined}>
        Type
      </button>
      {missing !== undefined && <span class="problem">not on a US keyboard: {missing}</span>}
      {text !== '' && <Command text={command} />}
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

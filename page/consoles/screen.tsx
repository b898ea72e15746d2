import RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import { protocols, socketAddress } from '../api/session.ts';
import type { ApiProblem } from '../api/types.ts';
import { Checkbox } from '../parts/checkbox.tsx';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Menu } from '../parts/menu.tsx';
import { Problem } from '../parts/problem.tsx';
import { hasScreen } from '../parts/state.tsx';
import { runAction } from '../state/notices.ts';
import { machineAddress } from '../state/route.ts';
import type { ConsoleProperties } from './consoles.tsx';
import { COMBINATIONS, press, untypable } from './us-keyboard.ts';
import { isRelease, RELEASE, WindowButtons } from './window-buttons.tsx';

/** The screen of a machine, with its keyboard and pointer. */
export function ScreenConsole({ machine, alone }: ConsoleProperties) {
  const { name, status } = machine;
  const glass = useRef<HTMLDivElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const rfb = useRef<RFB>(undefined);
  const [scale, setScale] = useState(true);
  const [state, setState] = useState('');
  const [problem, setProblem] = useState<ApiProblem>();
  const isShown = hasScreen(machine);
  const isRunning = status.kind === 'running';

  useEffect(() => {
    if (!isShown || !isRunning || !glass.current) {
      rfb.current = undefined;
      setState('the machine is not running');
      setProblem(undefined);
      return undefined;
    }
    return followScreen(glass.current, name, (next, text, why) => {
      rfb.current = next;
      setState(text);
      setProblem(why);
    });
  }, [name, isShown, isRunning]);

  // Each connection has a picture of its own.
  useEffect(() => {
    if (rfb.current) rfb.current.scaleViewport = scale;
  }, [scale, state]);

  if (!isShown) {
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
      {problem && <Problem problem={problem} />}
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
  report: (rfb: RFB | undefined, text: string, problem?: ApiProblem) => void,
): () => void {
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: RFB | undefined;
  const open = (last?: ApiProblem): void => {
    // The reason stays until an attempt succeeds, or fails for another one.
    report(undefined, last ? 'disconnected' : 'connecting …', last);
    let problem: ApiProblem | undefined;
    const socket = new WebSocket(socketAddress(machinePath(name, 'vnc')), protocols());
    // noVNC ignores text.
    socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data === 'string') problem = (JSON.parse(data) as { error?: ApiProblem }).error;
    });
    const rfb = new RFB(place, socket, { shared: true });
    current = rfb;
    rfb.showDotCursor = true;
    rfb.addEventListener('connect', () => report(rfb, 'connected'));
    rfb.addEventListener('disconnect', () => {
      if (closed) return;
      report(undefined, 'disconnected', problem);
      timer = setTimeout(() => open(problem), AGAIN_MS);
    });
  };
  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    current?.disconnect();
  };
}

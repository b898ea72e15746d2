import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { ApiProblem } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { machineAddress } from '../state/route.ts';
import type { ConsoleProperties } from './consoles.tsx';
import { connectTerminal, type Connection } from './connection.ts';
import { isRelease, RELEASE, WindowButtons } from './window-buttons.tsx';

const SCROLL_BACK = 5000;
/** A row hides what is drawn outside of it: fonts draw the underscore at the lower edge of theirs. */
const LINE_HEIGHT = 1.15;

/** The serial console. It survives restarts of the machine and of the connection. */
export function SerialConsole(properties: ConsoleProperties) {
  const { name } = properties.machine;
  return (
    <TerminalConsole
      key={name}
      {...properties}
      tab="serial"
      label={`Serial console of ${name}`}
      pathFor={({ cols: _cols }) => machinePath(name, 'console?lines=200')}
      command={shellCommand('vmlet', 'console', name)}
      // A serial line has no resize: the guest is told by typing it.
      sizeCommand
    />
  );
}

/** A login shell through the agent. */
export function ShellConsole(properties: ConsoleProperties) {
  const { name } = properties.machine;
  return (
    <TerminalConsole
      key={name}
      {...properties}
      tab="shell"
      label={`Shell of ${name}`}
      pathFor={({ cols, rows }) => machinePath(name, `exec?columns=${cols}&rows=${rows}`)}
      command={shellCommand('vmlet', 'shell', name)}
      sizeCommand={false}
    />
  );
}

interface Properties extends ConsoleProperties {
  readonly tab: 'serial' | 'shell';
  readonly label: string;
  readonly pathFor: (size: { readonly cols: number; readonly rows: number }) => string;
  readonly command: string;
  /** The user may have the current size typed as a command. */
  readonly sizeCommand: boolean;
}

function TerminalConsole({ machine, alone, tab, label, pathFor, command, sizeCommand }: Properties) {
  const glass = useRef<HTMLDivElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const shown = useRef<Terminal>(undefined);
  const connection = useRef<Connection>(undefined);
  const [status, setStatus] = useState('connecting …');
  const [problem, setProblem] = useState<ApiProblem>();
  const isRunning = machine.status.kind === 'running';
  const isPaused = machine.state === 'paused';
  // The agent of a paused guest does not answer. An open shell stays open meanwhile.
  const waits = tab === 'shell' && isPaused && connection.current === undefined;

  useEffect(() => {
    const place = glass.current;
    if (!place) return undefined;
    const terminal = openTerminal(place, label, () => bar.current?.querySelector('button')?.focus());
    shown.current = terminal;
    terminal.onData((text) => connection.current?.send(text));
    terminal.onBinary((text) => connection.current?.sendBinary(text));
    terminal.onResize(({ cols, rows }) => connection.current?.resize(cols, rows));
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    const resized = new ResizeObserver(() => fit.fit());
    resized.observe(place);
    fit.fit();
    terminal.focus();
    return () => {
      resized.disconnect();
      terminal.dispose();
    };
  }, [label]);

  useEffect(() => {
    const terminal = shown.current;
    if (!isRunning || !terminal) {
      setStatus('the machine is not running');
      // It was about the end, or about an earlier run.
      setProblem(undefined);
      return undefined;
    }
    if (waits) return undefined;
    const opened = connectTerminal(() => pathFor(terminal), terminal, {
      resizes: tab === 'shell',
      begun: tab === 'shell' ? 'waiting for vmlet’s agent in the guest …' : 'connected',
      // A shell that has ended stays ended: the user asks for another.
      again: tab === 'serial',
      onStatus: setStatus,
      onProblem: setProblem,
    });
    connection.current = opened;
    return () => {
      opened.close();
      connection.current = undefined;
    };
  }, [isRunning, machine.name, tab, waits]);

  return (
    <div class="console">
      <div class="row" ref={bar}>
        <WindowButtons machine={machine.name} tab={tab} alone={alone} glass={glass} />
        {sizeCommand && (
          <button
            type="button"
            disabled={!isRunning}
            title="Types the command stty into the console. Use this button at a shell prompt: the guest then uses the size of this terminal."
            onClick={() => {
              const terminal = shown.current;
              if (!terminal) return;
              connection.current?.send(`stty rows ${terminal.rows} cols ${terminal.cols}\r`);
              terminal.focus();
            }}
          >
            Set the terminal size with stty
          </button>
        )}
        {tab === 'shell' && (
          <button
            type="button"
            disabled={!isRunning || isPaused}
            onClick={() => {
              connection.current?.reopen();
              shown.current?.focus();
            }}
          >
            New shell
          </button>
        )}
        <label title="Makes the output readable for screen readers; some input methods do not work in this mode">
          <input
            type="checkbox"
            onChange={(event) => {
              if (shown.current) shown.current.options.screenReaderMode = event.currentTarget.checked;
            }}
          />{' '}
          Screen reader
        </label>
        <span class="faint" role="status">
          {isPaused ? 'the machine is paused' : status}
        </span>
        <Command text={command} />
      </div>
      {problem && <Problem problem={problem} />}
      {tab === 'serial' && !isRunning && (
        <p>
          Its earlier output is in the <a href={machineAddress(machine.name, 'logs')}>logs</a>.
        </p>
      )}
      <div class="glass" ref={glass} />
      {!alone && <p class="faint">{RELEASE} moves the focus out of the terminal.</p>}
    </div>
  );
}

function openTerminal(place: HTMLElement, label: string, release: () => void): Terminal {
  const terminal = new Terminal({
    scrollback: SCROLL_BACK,
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--mono'),
    fontSize: 14,
    lineHeight: LINE_HEIGHT,
    cursorBlink: false,
  });
  terminal.open(place);
  terminal.textarea?.setAttribute('aria-label', label);
  terminal.attachCustomKeyEventHandler((event) => {
    if (!isRelease(event)) return true;
    if (event.type === 'keydown') release();
    return false;
  });
  return terminal;
}

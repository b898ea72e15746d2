import { appendFile, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { QmpClient } from '../../qmp/index.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import {
  InvalidInputError,
  QmpRefusedError,
  QmpSchema,
  argumentTypeOf,
  enumValues,
  formatLossless,
  membersOf,
} from '../../qmp/index.ts';
import { type Request, parseRequestLine } from './qmp-arguments.ts';
import { completeRequest } from './qmp-completion.ts';
import { printJsonText } from '../output/say.ts';
import { visibleText } from '../output/printable.ts';

const HISTORY_LINES = 1000;
const EXIT_REFUSED = 1;

/** Interactive shell with prompt, history, completion and events. Ends at Ctrl-D or when QEMU exits. */
export async function interactiveShell(client: QmpClient, title: string): Promise<void> {
  const schema = new QmpSchema(await client.execute('query-qmp-schema'));
  const { major, minor, micro } = client.greeting.version.qemu;
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: '(qmp) ',
    history: await loadHistory(),
    historySize: HISTORY_LINES,
    removeHistoryDuplicates: true,
    completer: (line: string) => completeRequest(line, schema),
  });
  const show = (text: string): void => {
    process.stdout.write(`\r\u001b[K${text.split('\n').map(visibleText).join('\n')}\n`);
    terminal.prompt(true);
  };
  show(
    `QEMU ${major}.${minor}.${micro} at ${title}. Tab completes, "help COMMAND" shows arguments, Ctrl-D exits.`,
  );
  const unsubscribe = showEvents(client, (event) => show(`event ${event}`));
  void client.closed.then(() => terminal.close());
  terminal.on('SIGINT', () => {
    // As in a shell, Ctrl-C discards the line.
    process.stdout.write('^C\n');
    terminal.write(null, { ctrl: true, name: 'e' });
    terminal.write(null, { ctrl: true, name: 'u' });
    terminal.prompt();
  });
  try {
    for await (const line of terminal) {
      const text = line.trim();
      if (text !== '') {
        await saveHistory(text);
        show(
          text.startsWith('help') ? help(schema, text.slice(4).trim()) : await answer(client, text, schema),
        );
      } else terminal.prompt();
    }
  } finally {
    terminal.close();
    await unsubscribe();
    process.stdout.write('\n');
  }
}

/** For scripts: reads one command a line; writes replies and events, one JSON object a line. */
export async function pipedShell(client: QmpClient): Promise<void> {
  const schema = new QmpSchema(await client.execute('query-qmp-schema'));
  const stopEvents = showEvents(client, (event) => printJsonText(event));
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
  // Commands that were already read still run and fail, so that a script sees an error for each.
  void client.closed.then(() => lines.close());
  try {
    for await (const line of lines) {
      const text = line.trim();
      if (text === '' || text.startsWith('#')) continue;
      const request = parseRequestLine(text, schema);
      printJsonText(formatLossless(await reply(client, request)));
    }
  } finally {
    lines.close();
    await stopEvents();
  }
}

/** Returns the reply in QMP's format, so that an error is data too, and sets the exit code. */
export async function reply(
  client: QmpClient,
  { command, args }: Request,
): Promise<{ return: unknown } | { error: { class: string; desc: string } }> {
  try {
    return { return: await client.execute(command, args) };
  } catch (error) {
    if (!(error instanceof QmpRefusedError)) throw error;
    process.exitCode = EXIT_REFUSED;
    return { error: { class: error.errorClass, desc: error.description } };
  }
}

async function answer(client: QmpClient, text: string, schema: QmpSchema): Promise<string> {
  try {
    const { command, args } = parseRequestLine(text, schema);
    return formatLossless(await client.execute(command, args), 2);
  } catch (error) {
    if (error instanceof QmpRefusedError || error instanceof InvalidInputError)
      return visibleText(error.message);
    throw error;
  }
}

/** @returns a function that stops after the events that have arrived are shown. */
function showEvents(client: QmpClient, show: (event: string) => void): () => Promise<void> {
  const events = client.events();
  const shown = (async () => {
    for await (const { event, data, timestamp } of events) show(formatLossless({ event, data, timestamp }));
  })();
  return async () => {
    events.end();
    await shown;
    await events.return();
  };
}

function help(schema: QmpSchema, command: string): string {
  if (command === '') return schema.commands.map(({ name }) => name).join('  ');
  const type = argumentTypeOf(schema, command);
  if (type === undefined) return `no such command: ${command}`;
  const lines = [...membersOf(schema, type)].map(([name, memberType]) => {
    const entry = schema.type(memberType);
    const kind = entry['meta-type'] === 'builtin' ? entry['json-type'] : entry['meta-type'];
    return `  ${name}: ${entry['meta-type'] === 'enum' ? enumValues(entry).join(' | ') : kind}`;
  });
  return lines.length === 0 ? `${command} takes no arguments` : [command, ...lines].join('\n');
}

function historyPath(): string {
  const state = process.env['XDG_STATE_HOME'] ?? '';
  // The XDG base directory specification ignores relative paths.
  return join(state.startsWith('/') ? state : join(homedir(), '.local', 'state'), 'vmlet', 'qmp-history');
}

/** Newest first, as readline expects it. */
async function loadHistory(): Promise<string[]> {
  try {
    return (await readFile(historyPath(), 'utf8')).trim().split('\n').reverse().slice(0, HISTORY_LINES);
  } catch {
    // The shell works without a readable history.
    return [];
  }
}

async function saveHistory(line: string): Promise<void> {
  try {
    makeDirectories(dirname(historyPath()));
    await appendFile(historyPath(), `${line}\n`, { mode: 0o600 });
  } catch {
    // Commands work without a writable home directory.
  }
}

import { Tail } from '../../../process/output/tail.ts';

export type InstallPhase = 'looking for packages' | 'fetching' | 'installing' | 'running scripts';

/** Lines of mmdebstrap, and of our script for dnf, that start a phase. */
const PHASES: readonly (readonly [RegExp, InstallPhase])[] = [
  [/^I: (?:running apt-get update|dnf looks for packages)/, 'looking for packages'],
  [/^I: (?:downloading packages|dnf fetches packages)/, 'fetching'],
  [/^I: (?:extracting archives|dnf installs packages)/, 'installing'],
];

export interface InstallListener {
  onPhase(phase: InstallPhase): void;
  /** Called with each line that a script of the user prints. */
  onScriptOutput(line: string): void;
}

export interface EndedScript {
  readonly index: number;
  /** Exit status as in a shell: 128 plus the number of a signal. */
  readonly status: number;
}

/** Parses the output of the installer and its children into phases and the scripts' own output. */
export class InstallOutput {
  /** The last lines of the installer and its tools. */
  readonly tools = new Tail();
  /** The last lines of the most recent script. */
  scriptOutput = new Tail();
  /** The most recently ended script. */
  ended: EndedScript | undefined;
  #rest = '';
  #running = false;
  #emptyLine = false;
  readonly #decoder = new TextDecoder();
  readonly #begin: RegExp;
  readonly #end: RegExp;
  readonly #listener: InstallListener;

  /** @param token marks the lines around a script's output. */
  constructor(token: string, listener: InstallListener) {
    this.#begin = new RegExp(`^${token} begin \\d+$`);
    this.#end = new RegExp(`^${token} end (\\d+) (\\d+)$`);
    this.#listener = listener;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    // Limited, in case a line never ends.
    this.#rest = (lines.pop() ?? '').slice(-65536);
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    if (this.#begin.test(line)) {
      this.#running = true;
      this.#emptyLine = false;
      this.scriptOutput = new Tail();
      this.#listener.onPhase('running scripts');
      return;
    }
    const [, index, status] = this.#end.exec(line) ?? [];
    if (index !== undefined && status !== undefined) {
      this.#running = false;
      this.ended = { index: Number(index), status: Number(status) };
      return;
    }
    if (this.#running) {
      // run-script prints a newline before the end marker, so an empty line right before it is not the script's.
      if (this.#emptyLine) this.#reportScriptOutput('');
      this.#emptyLine = line === '';
      if (!this.#emptyLine) this.#reportScriptOutput(line);
      return;
    }
    this.tools.push(Buffer.from(`${line}\n`));
    const phase = PHASES.find(([pattern]) => pattern.test(line))?.[1];
    if (phase !== undefined) this.#listener.onPhase(phase);
  }

  #reportScriptOutput(line: string): void {
    this.scriptOutput.push(Buffer.from(`${line}\n`));
    this.#listener.onScriptOutput(line);
  }
}

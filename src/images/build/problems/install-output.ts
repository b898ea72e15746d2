import { Tail } from '../../../util/tail.ts';

export type InstallPhase = 'looking for packages' | 'fetching' | 'installing' | 'running scripts';

/** What mmdebstrap, and our script for dnf, say at the start of what we call a phase. */
const PHASES: readonly (readonly [RegExp, InstallPhase])[] = [
  [/^I: (?:running apt-get update|dnf looks for packages)/, 'looking for packages'],
  [/^I: (?:downloading packages|dnf fetches packages)/, 'fetching'],
  [/^I: (?:extracting archives|dnf installs packages)/, 'installing'],
];

export interface InstallListener {
  onPhase(phase: InstallPhase): void;
  /** A line that a script of the user's printed. */
  onScriptOutput(line: string): void;
}

export interface EndedScript {
  readonly index: number;
  /** As a shell has it: 128 and more for a signal. */
  readonly status: number;
}

/** Reads what the installer and all that it runs print, into phases and the scripts' own output. */
export class InstallOutput {
  /** The last lines of packages and tools. */
  readonly tools = new Tail();
  /** The last lines of the script that came last. */
  scriptOutput = new Tail();
  /** The script that ended last. */
  ended: EndedScript | undefined;
  #rest = '';
  #running = false;
  #emptyLine = false;
  readonly #decoder = new TextDecoder();
  readonly #begin: RegExp;
  readonly #end: RegExp;
  readonly #listener: InstallListener;

  /** @param token by which the lines around a script's output are known. */
  constructor(token: string, listener: InstallListener) {
    this.#begin = new RegExp(`^${token} begin \\d+$`);
    this.#end = new RegExp(`^${token} end (\\d+) (\\d+)$`);
    this.#listener = listener;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    // A line without an end is not kept whole.
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
      // The line that ends a script's output begins on one of its own, so the empty line before it is not the script's.
      if (this.#emptyLine) this.#tellScriptOutput('');
      this.#emptyLine = line === '';
      if (!this.#emptyLine) this.#tellScriptOutput(line);
      return;
    }
    this.tools.push(Buffer.from(`${line}\n`));
    const phase = PHASES.find(([pattern]) => pattern.test(line))?.[1];
    if (phase !== undefined) this.#listener.onPhase(phase);
  }

  #tellScriptOutput(line: string): void {
    this.scriptOutput.push(Buffer.from(`${line}\n`));
    this.#listener.onScriptOutput(line);
  }
}

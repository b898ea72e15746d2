import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { compiled } from '../../../fixtures/compiled.ts';
import { findProgram } from '../../../src/process/program.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SOURCES = join(ROOT, 'fixtures/stand-in');
/** Programs of ours: vmlet starts every program by the first, or by one of the others. */
const OURS = ['confine-program/vmlet-confine', 'keeper/vmlet-keeper'];
/** Programs of the host that replace the command itself, and are started by none of ours. */
const OF_THE_HOST = ['ssh'];

export interface Misbehaviour {
  /** The behaviour, as `stand-in.c` names it. */
  readonly behaviour: string;
  /** The beginning of the matching command lines, such as `qemu-img create`. */
  readonly prefix: string;
  /** The number of the matching call, from 1; every call by default. */
  readonly number?: number;
}

/**
 * A copy of the package in which every program that vmlet starts goes through a program of ours, which runs
 * the real one, or misbehaves in its place.
 */
export class StandIn {
  /** vmlet's command. */
  readonly command: string;
  /** The library. */
  readonly library: string;
  /** A directory for the beginning of the PATH. */
  readonly programs: string;
  /** The socket of a monitor relay. */
  readonly relaySocket: string;
  readonly #settings: string;
  readonly #calls: string;
  readonly #truth: readonly string[];

  /** @param directory an empty directory. */
  static async make(directory: string): Promise<StandIn> {
    return new StandIn(directory, await compiled(SOURCES, 'stand-in'));
  }

  private constructor(directory: string, compiledProgram: string) {
    const root = join(directory, 'package');
    mkdirSync(root);
    execFileSync('cp', ['-a', join(ROOT, 'dist'), root]);
    for (const name of ['package.json', 'src', 'node_modules'])
      symlinkSync(join(ROOT, name), join(root, name));
    this.command = join(root, 'dist/bin/vmlet.js');
    this.library = join(root, 'dist/index.js');
    this.programs = join(directory, 'programs');
    this.relaySocket = join(directory, 'relay');
    this.#calls = join(directory, 'calls');
    // It finds its settings beside itself.
    const program = join(directory, 'stand-in');
    copyFileSync(compiledProgram, program);
    this.#settings = join(directory, 'settings');
    this.#truth = [
      ...OURS.map((name) => this.#replace(join(root, 'dist', name), program)),
      ...this.#lead(program),
    ];
    this.behave(undefined);
  }

  /** Applies from now on; undefined runs all programs normally. Earlier calls are forgotten. */
  behave(misbehaviour: Misbehaviour | undefined): void {
    const { behaviour = 'none', prefix = '', number = 0 } = misbehaviour ?? {};
    const lines = [behaviour, prefix, String(number), this.#calls, this.relaySocket, ...this.#truth];
    writeFileSync(`${this.#settings}.new`, `${lines.join('\n')}\n`);
    renameSync(`${this.#settings}.new`, this.#settings);
    rmSync(this.#calls, { force: true });
  }

  /** The command lines of the programs started since, without directories and wrappers. */
  calls(): string[] {
    if (!existsSync(this.#calls)) return [];
    return readFileSync(this.#calls, 'utf8').split('\n').slice(0, -1);
  }

  /** A link, so that the program finds its settings, and vmlet sees the same file each time. */
  #replace(path: string, program: string): string {
    renameSync(path, `${path}.true`);
    symlinkSync(program, path);
    return `${basename(path)} ${path}.true`;
  }

  #lead(program: string): string[] {
    mkdirSync(this.programs);
    return OF_THE_HOST.flatMap((name) => {
      const found = findProgram(name);
      if (found === undefined) return [];
      symlinkSync(program, join(this.programs, name));
      return [`${name} ${found}`];
    });
  }
}

export type Words = readonly string[];

/** An operation of vmlet that is killed, interrupted or refused at each of its steps. */
export interface Operation {
  readonly name: string;
  /** Run once to create the initial state, which is copied for each case. `@` stands for the home’s directory. */
  readonly prepare: readonly Words[];
  /** Run before each case, since a running machine cannot be copied. */
  readonly begin?: readonly Words[];
  readonly args: Words;
  /** Its exit status without a fault; 0 by default. */
  readonly ends?: number;
  /** The share of its cases that is run, if each boots a system; all by default. */
  readonly part?: number;
  /** Its message if there is nothing left to do; without it, it is not repeated after it has succeeded. */
  readonly doneAlready?: RegExp;
  /** Permitted intermediate state after a failure or kill; repeating the operation must succeed all the same. */
  readonly between?: RegExp;
  /** Additional output that a repetition may have. */
  readonly again?: RegExp;
  /** Files that a repetition may leave, and that the cleanup removes. */
  readonly leaves?: RegExp;
  /** The process whose steps are counted, by a part of its command line; the command itself by default. */
  readonly follow?: string;
  /** Run afterwards while its steps are counted, if the followed process continues. */
  readonly afterwards?: readonly Words[];
  /** Provides the host’s images, and so micro. */
  readonly usesMicro?: boolean;
  /** Provides a publisher on loopback with the image web:1. */
  readonly publishes?: boolean;
  /** Removes all leftovers of images. */
  readonly tidy?: readonly Words[];
}

const DISKS: Words = ['--image', '@/guest.img,format=raw', '--disk', '16M'];
export const SMALL: Words = ['--memory', '32M', '--cpus', '1', '--display', 'none'];
export const CREATE: Words = ['create', 'm', ...DISKS, ...SMALL, '--net', 'none'];
export const CREATE_WITH_NETWORK: Words = ['create', 'm', ...DISKS, ...SMALL, '--net', 'passt', '-p', ':22'];
export const RUNS_ALREADY = /^vmlet: machine "m" is already running/m;

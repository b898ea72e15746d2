export type Words = readonly string[];

/** Something that vmlet does, at each of whose steps it is killed, interrupted or refused. */
export interface Operation {
  readonly name: string;
  /** What there is before; run once, and copied for each case. `@` stands for the home's directory. */
  readonly prepare: readonly Words[];
  /** What is done before each case, since a machine that runs cannot be copied. */
  readonly begin?: readonly Words[];
  readonly args: Words;
  /** Its status without a fault; 0 by default. */
  readonly ends?: number;
  /** Of its cases, where each boots a system; all by default. */
  readonly part?: number;
  /** What it says when there is nothing left to do; without it, it is not done again when it is done. */
  readonly doneAlready?: RegExp;
  /** What may be seen between its beginning and its end, when it says that it failed or was killed; doing it again comes through all the same. */
  readonly between?: RegExp;
  /** What doing it again may show beside what doing it once does. */
  readonly again?: RegExp;
  /** Files that doing it again may leave, and that the tidying takes away. */
  readonly leaves?: RegExp;
  /** Whose steps are counted, by a part of its command line; the command's own by default. */
  readonly follow?: string;
  /** Done after it while its steps are counted, for whoever is followed and goes on. */
  readonly afterwards?: readonly Words[];
  /** The host's images are there, so that micro is. */
  readonly usesMicro?: boolean;
  /** A publisher on loopback has the image web:1. */
  readonly publishes?: boolean;
  /** What takes away whatever is left of images. */
  readonly tidy?: readonly Words[];
}

const DISKS: Words = ['--image', '@/guest.img,format=raw', '--disk', '16M'];
export const SMALL: Words = ['--memory', '32M', '--cpus', '1', '--display', 'none'];
export const CREATE: Words = ['create', 'm', ...DISKS, ...SMALL, '--net', 'none'];
export const CREATE_WITH_NETWORK: Words = ['create', 'm', ...DISKS, ...SMALL, '--net', 'passt', '-p', ':22'];
export const RUNS_ALREADY = /^vmlet: machine "m" is already running/m;

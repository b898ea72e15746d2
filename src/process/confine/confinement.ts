/**
 * The paths that one program may reach; all others are refused.
 * Each path is absolute: a file, or the top of a tree. What does not exist is left out.
 */
export interface Confinement {
  /** Programs it is made of: itself, its loader. May be executed and read. */
  readonly execute: readonly string[];
  readonly readOnly: readonly string[];
  /** Files and device nodes that are opened for reading and writing; in a directory, nothing can be made or removed. */
  readonly readWrite: readonly string[];
  /** Directories in which it may make, change and remove what it likes. They exist when it starts. */
  readonly own: readonly string[];
}

/** Paths of the host, collected in one directory of the program's root, which contains nothing else. */
export interface ShownFiles {
  /** Absolute; exists in the program's root only. Each path is found below it. */
  readonly below: string;
  readonly paths: readonly string[];
}

/**
 * The paths that one program may access; all others are denied. Each path is absolute: a file, or the top of
 * a tree. Missing paths are ignored.
 */
export interface Confinement {
  /** The program itself and its loader. They can be executed and read. */
  readonly execute: readonly string[];
  readonly readOnly: readonly string[];
  /**
   * Files and device nodes that are opened for reading and writing; in a directory, nothing can be created or
   * removed.
   */
  readonly readWrite: readonly string[];
  /** Directories in which it may create, change and remove files. They exist when it starts. */
  readonly own: readonly string[];
  /**
   * Directories of the user that it serves to others: it may also create symbolic links and FIFOs, but no
   * devices. They exist when it starts.
   */
  readonly served?: readonly string[];
  /** Files that it serves to others for reading; requires a mount namespace. */
  readonly shown?: ShownFiles;
}

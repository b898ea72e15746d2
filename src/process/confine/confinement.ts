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
}

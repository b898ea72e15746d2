/** A row of the table: calls in a directory of their own. */
export interface PosixCase {
  /** Operation, user and circumstances. */
  readonly name: string;
  readonly operation: string;
  /** Lines of a script for file-calls that prepare it, as root. */
  readonly setup: readonly string[];
  /** The lines that are tried. */
  readonly calls: readonly string[];
}

/** Users of the guest, as file-calls names them: UID:GID[,GROUP]. */
export interface Cast {
  /** The owner of what is prepared. */
  readonly owner: string;
  /** Those who try the calls, by name. */
  readonly actors: Readonly<Record<string, string>>;
}

const OWNER = '1000:1000';

/** root, the owner of the files, a member of their group, and another user. */
export const EVERYONE: Cast = {
  owner: OWNER,
  actors: { root: '0:0', owner: OWNER, member: '2000:2000,1000', other: '3000:3000' },
};

/** Everything belongs to root. */
export const OF_ROOT: Cast = { owner: '0:0', actors: { root: '0:0', other: '3000:3000' } };

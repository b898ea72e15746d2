/** The numbers of a user and a group of the guest. */
export interface GuestIds {
  readonly uid: number;
  readonly gid: number;
}

/** The contents of passwd(5) and group(5). */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

/** The highest number means "no change". */
const HIGHEST_ID = 2 ** 32 - 2;

/**
 * Finds the numbers of `USER` or `USER:GROUP`, each a name or a number, as the agent does for a command.
 * @returns undefined where there is no such user or group.
 */
export function idsOf(user: string, { passwd, group }: AccountFiles): GuestIds | undefined {
  const [name = '', groupName] = user.split(':');
  const number = numberOf(name);
  const account = linesOf(passwd).find((fields) =>
    number === undefined
      ? fields[0] === name && numberOf(fields[2]) !== undefined
      : numberOf(fields[2]) === number,
  );
  const uid = number ?? numberOf(account?.[2]);
  const gid =
    groupName === undefined
      ? // A number without an account has the group of root, as in container engines.
        (numberOf(account?.[3]) ?? (account ? undefined : 0))
      : (numberOf(groupName) ?? numberOf(linesOf(group).find(([one]) => one === groupName)?.[2]));
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function linesOf(text: string): string[][] {
  return text.split('\n').map((line) => line.split(':'));
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const number = Number(text);
  return number <= HIGHEST_ID ? number : undefined;
}

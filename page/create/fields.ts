/** The form, as it is typed. */
export interface Fields {
  readonly name: string;
  readonly image: string;
  readonly iso: string;
  readonly memory: string;
  readonly cpus: string;
  readonly diskSize: string;
  /** Separated by spaces. */
  readonly ports: string;
  readonly user: string;
  readonly sshKey: string;
  readonly start: boolean;
}

export const NO_FIELDS: Fields = {
  name: '',
  image: '',
  iso: '',
  memory: '',
  cpus: '',
  diskSize: '',
  ports: '',
  user: '',
  sshKey: '',
  start: true,
};

/** Returns the options of the library; fields that are left empty have its defaults. */
export function optionsOf({ cpus, ports, diskSize, iso, user, sshKey, start, ...fields }: Fields): object {
  const words = ports.split(/\s+/).filter(Boolean);
  const texts = Object.fromEntries(Object.entries({ ...fields, iso }).filter(([, value]) => value !== ''));
  // A machine that installs needs a disk to install on; an image has one, which may grow.
  const disk = iso === '' ? { diskSize } : { disks: [diskSize] };
  const seed = { ...(user !== '' && { user }), ...(sshKey !== '' && { sshKeys: [sshKey] }) };
  return {
    ...texts,
    name: fields.name,
    ...(diskSize !== '' && disk),
    ...(cpus !== '' && { cpus: Number(cpus) }),
    ...(words.length > 0 && { ports: words }),
    ...(Object.keys(seed).length > 0 && { seed }),
    ...(start && { start }),
  };
}

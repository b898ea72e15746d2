import type { Command } from 'commander';

/** The headings of `vmlet --help`, in its order. */
export const GROUPS = ['Lifecycle', 'Look', 'Enter', 'Ports and disks', 'State', 'Images', 'Host'] as const;

export interface Verb {
  /** One line for `vmlet --help`; the description too, where the command has none of its own. */
  readonly summary: string;
  readonly group: (typeof GROUPS)[number];
  /**
   * Loads the verb's own file, so that `vmlet ls` does not load the code of `vmlet run`.
   * @param words of the command line after the verb.
   */
  readonly load: (words: readonly string[]) => Promise<Command>;
}

/** Every verb that a user sees. `vmlet --help` has each group's verbs in this order. */
export const VERBS: Readonly<Record<string, Verb>> = {
  run: {
    summary: 'run a command in a new throw-away machine',
    group: 'Lifecycle',
    load: async (words) => (await import('./lifecycle/run.ts')).runCommand(words),
  },
  create: {
    summary: 'create a machine',
    group: 'Lifecycle',
    load: async () => {
      const { createCommand } = await import('./lifecycle/create.ts');
      return createCommand(async (name) => (await import('./host/view.ts')).showScreen(name));
    },
  },
  start: {
    summary: 'start machines, or resume them from saved memory',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/start.ts')).startCommand(),
  },
  stop: {
    summary: 'stop machines gracefully',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/stop.ts')).stopCommand(),
  },
  kill: {
    summary: 'power off machines immediately',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).killCommand(),
  },
  restart: {
    summary: 'stop machines and start them again',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).restartCommand(),
  },
  reset: {
    summary: 'reset machines immediately, like a reset button',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).resetCommand(),
  },
  pause: {
    summary: 'pause machines',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).pauseCommand(),
  },
  resume: {
    summary: 'resume paused machines',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).resumeCommand(),
  },
  rm: {
    summary: 'remove machines',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/rm.ts')).rmCommand(),
  },
  set: {
    summary: 'change the settings of a machine',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/set.ts')).setCommand(),
  },
  rename: {
    summary: 'rename a machine',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/set.ts')).renameCommand(),
  },
  clone: {
    summary: 'clone a machine',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/clone.ts')).cloneCommand(),
  },
  protect: {
    summary: 'protect machines from removal',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/set.ts')).protectCommand(),
  },
  ls: {
    summary: 'list machines',
    group: 'Look',
    load: async () => (await import('./look/ls.ts')).lsCommand(),
  },
  inspect: {
    summary: 'show everything about machines as JSON',
    group: 'Look',
    load: async () => (await import('./look/inspect.ts')).inspectCommand(),
  },
  logs: {
    summary: 'show the log of a machine',
    group: 'Look',
    load: async () => (await import('./look/logs.ts')).logsCommand(),
  },
  events: {
    summary: 'show events of machines as they happen',
    group: 'Look',
    load: async () => (await import('./look/events.ts')).eventsCommand(),
  },
  stats: {
    summary: 'show the resource usage of machines',
    group: 'Look',
    load: async () => (await import('./look/stats.ts')).statsCommand(),
  },
  ui: {
    summary: 'open a web page to manage your machines',
    group: 'Look',
    load: async () => (await import('./host/ui.ts')).uiCommand(),
  },
  screenshot: {
    summary: 'save a screenshot of a machine as PNG',
    group: 'Look',
    load: async () => (await import('./look/screenshot.ts')).screenshotCommand(),
  },
  console: {
    summary: 'connect to the serial console of a machine',
    group: 'Enter',
    load: async () => (await import('./enter/console.ts')).consoleCommand(),
  },
  view: {
    summary: 'open the screen of a machine',
    group: 'Enter',
    load: async () => (await import('./host/view.ts')).viewCommand(),
  },
  sendkey: {
    summary: 'press keys on the keyboard of a machine',
    group: 'Enter',
    load: async () => (await import('./enter/sendkey.ts')).sendkeyCommand(),
  },
  wait: {
    summary: 'wait for a condition, for example until ssh answers',
    group: 'Look',
    load: async () => (await import('./look/wait.ts')).waitCommand(),
  },
  ip: {
    summary: 'show the IP addresses of a guest',
    group: 'Look',
    load: async () => (await import('./look/ip.ts')).ipCommand(),
  },
  ssh: {
    summary: 'connect to a machine by ssh',
    group: 'Enter',
    load: async () => (await import('./enter/ssh.ts')).sshCommand(),
  },
  'ssh-config': {
    summary: 'configure ssh, scp and rsync to reach machines as NAME.vmlet',
    group: 'Enter',
    load: async () => (await import('./enter/ssh-config.ts')).sshConfigCommand(),
  },
  shell: {
    summary: 'open a shell in a machine',
    group: 'Enter',
    load: async () => (await import('./enter/shell.ts')).shellCommand(),
  },
  exec: {
    summary: 'run a command in a machine',
    group: 'Enter',
    load: async () => (await import('./enter/exec.ts')).execCommand(),
  },
  cp: {
    summary: 'copy files and directories into a machine or out of it',
    group: 'Enter',
    load: async () => (await import('./enter/cp.ts')).cpCommand(),
  },
  sync: {
    summary: 'mirror a directory of the host into a machine',
    group: 'Enter',
    load: async () => (await import('./enter/sync.ts')).syncCommand(),
  },
  port: {
    summary: 'manage port forwards',
    group: 'Ports and disks',
    load: async () => (await import('./devices/port.ts')).portCommand(),
  },
  proxy: {
    summary: 'reach every port of your machines through an HTTP proxy',
    group: 'Ports and disks',
    load: async () => (await import('./networks/proxy.ts')).proxyCommand(),
  },
  network: {
    summary: 'manage private networks of machines',
    group: 'Ports and disks',
    load: async () => (await import('./networks/network.ts')).networkCommand(),
  },
  disk: {
    summary: 'manage disks',
    group: 'Ports and disks',
    load: async () => (await import('./devices/disk.ts')).diskCommand(),
  },
  volume: {
    summary: 'manage volumes, which are kept when machines are removed',
    group: 'Ports and disks',
    load: async () => (await import('./devices/volume.ts')).volumeCommand(),
  },
  share: {
    summary: 'manage shared directories and other mounts of machines',
    group: 'Ports and disks',
    load: async () => (await import('./devices/share.ts')).shareCommand(),
  },
  cd: {
    summary: 'manage CD drives',
    group: 'Ports and disks',
    load: async () => (await import('./devices/cd.ts')).cdCommand(),
  },
  snapshot: {
    summary: 'manage snapshots',
    group: 'State',
    load: async () => (await import('./state/snapshot.ts')).snapshotCommand(),
  },
  save: {
    summary: 'save the memory of machines to disk and power them off',
    group: 'State',
    load: async () => (await import('./state/save.ts')).saveCommand(),
  },
  restore: {
    summary: 'start machines from their saved memory',
    group: 'State',
    load: async () => (await import('./state/save.ts')).restoreCommand(),
  },
  pull: {
    summary: 'download images',
    group: 'Images',
    load: async () => (await import('./images/pull.ts')).pullCommand(),
  },
  search: {
    summary: 'search for images to download',
    group: 'Images',
    load: async () => (await import('./images/search.ts')).searchCommand(),
  },
  image: {
    summary: 'manage images',
    group: 'Images',
    load: async () => (await import('./images/image.ts')).imageCommand(),
  },
  template: {
    summary: 'manage templates, saved guests for vmlet run --template',
    group: 'Images',
    load: async () => (await import('./state/template.ts')).templateCommand(),
  },
  pool: {
    summary: 'manage pools of ready guests for vmlet run --pool',
    group: 'Images',
    load: async () => (await import('./state/pool.ts')).poolCommand(),
  },
  doctor: {
    summary: 'check this host and show how to fix problems',
    group: 'Host',
    load: async () => (await import('./host/doctor.ts')).doctorCommand(),
  },
  info: {
    summary: 'show host resources, program versions and vmlet’s directories',
    group: 'Host',
    load: async () => (await import('./host/info.ts')).infoCommand(),
  },
  system: {
    summary: 'show disk usage, and remove unused data',
    group: 'Host',
    load: async () => (await import('./host/system.ts')).systemCommand(),
  },
  systemd: {
    summary: 'run a machine as a systemd service',
    group: 'Host',
    load: async () => (await import('./host/systemd.ts')).systemdCommand(),
  },
  completion: {
    summary: 'print a completion script for bash, zsh or fish',
    group: 'Host',
    load: async () => (await import('./completion/completion.ts')).completionCommand(),
  },
  qmp: {
    summary: 'send QMP commands to a machine or a monitor socket',
    group: 'Host',
    load: async () => (await import('./host/qmp.ts')).qmpCommand(),
  },
};

/** Undefined for a word that is no verb. */
export async function loadVerb(name: string, words: readonly string[] = []): Promise<Command | undefined> {
  return findVerb(name)?.load(words);
}

function findVerb(name: string): Verb | undefined {
  return Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
}

import type { Command } from 'commander';

/** The headings of `vmlet --help`, in its order. */
export const GROUPS = ['Lifecycle', 'Look', 'Enter', 'Ports and disks', 'State', 'Images', 'Host'] as const;

export interface Verb {
  /** One line for `vmlet --help`; the description too, where the command has none of its own. */
  readonly summary: string;
  readonly group: (typeof GROUPS)[number];
  /** Loads the verb's own file: `vmlet ls` is not to wait for what only `vmlet run` needs. */
  readonly load: () => Promise<Command>;
}

/** Every verb that a user sees. `vmlet --help` has each group's verbs in this order. */
export const VERBS: Readonly<Record<string, Verb>> = {
  run: {
    summary: 'boot a throw-away guest and run one command in it',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/run.ts')).runCommand(),
  },
  create: {
    summary: 'make a machine that stays',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/create.ts')).createCommand(),
  },
  start: {
    summary: 'start machines, or go on with their saved state',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/start.ts')).startCommand(),
  },
  stop: {
    summary: 'stop machines as gently as they let us',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/stop.ts')).stopCommand(),
  },
  kill: {
    summary: 'pull the plug of machines',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).killCommand(),
  },
  restart: {
    summary: 'stop machines and start them again',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).restartCommand(),
  },
  reset: {
    summary: 'press the reset button of machines',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).resetCommand(),
  },
  pause: {
    summary: 'stop the processors of machines',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).pauseCommand(),
  },
  resume: {
    summary: 'let paused machines go on',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/control.ts')).resumeCommand(),
  },
  rm: {
    summary: 'remove machines',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/rm.ts')).rmCommand(),
  },
  set: {
    summary: 'change what a machine is',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/set.ts')).setCommand(),
  },
  rename: {
    summary: 'give a machine another name',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/set.ts')).renameCommand(),
  },
  clone: {
    summary: 'make a machine like another',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/clone.ts')).cloneCommand(),
  },
  protect: {
    summary: 'let machines refuse to be removed',
    group: 'Lifecycle',
    load: async () => (await import('./lifecycle/set.ts')).protectCommand(),
  },
  ls: {
    summary: 'list the machines and what each does just now',
    group: 'Look',
    load: async () => (await import('./look/ls.ts')).lsCommand(),
  },
  inspect: {
    summary: 'print all that is known of machines',
    group: 'Look',
    load: async () => (await import('./look/inspect.ts')).inspectCommand(),
  },
  logs: {
    summary: 'print what a machine has said on its serial port',
    group: 'Look',
    load: async () => (await import('./look/logs.ts')).logsCommand(),
  },
  events: {
    summary: 'print events of machines as they come',
    group: 'Look',
    load: async () => (await import('./look/events.ts')).eventsCommand(),
  },
  stats: {
    summary: 'show what machines use',
    group: 'Look',
    load: async () => (await import('./look/stats.ts')).statsCommand(),
  },
  screenshot: {
    summary: 'write what a machine shows to a PNG file',
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
    load: async () => (await import('./enter/view.ts')).viewCommand(),
  },
  sendkey: {
    summary: 'type on the keyboard of a machine',
    group: 'Enter',
    load: async () => (await import('./enter/sendkey.ts')).sendkeyCommand(),
  },
  wait: {
    summary: 'wait until a machine runs, answers or has stopped',
    group: 'Look',
    load: async () => (await import('./look/wait.ts')).waitCommand(),
  },
  ip: {
    summary: 'print the addresses of a guest',
    group: 'Look',
    load: async () => (await import('./look/ip.ts')).ipCommand(),
  },
  ssh: {
    summary: 'log in to a machine, or run a command there',
    group: 'Enter',
    load: async () => (await import('./enter/ssh.ts')).sshCommand(),
  },
  'ssh-config': {
    summary: 'let plain ssh know machines as NAME.vmlet',
    group: 'Enter',
    load: async () => (await import('./enter/ssh-config.ts')).sshConfigCommand(),
  },
  shell: {
    summary: 'open a shell in a machine',
    group: 'Enter',
    load: async () => (await import('./enter/shell.ts')).shellCommand(),
  },
  exec: {
    summary: 'run a command in a machine by its agent',
    group: 'Enter',
    load: async () => (await import('./enter/exec.ts')).execCommand(),
  },
  cp: {
    summary: 'copy a file into a machine or out of it',
    group: 'Enter',
    load: async () => (await import('./enter/cp.ts')).cpCommand(),
  },
  port: {
    summary: 'the ports of the host that lead into machines',
    group: 'Ports and disks',
    load: async () => (await import('./devices/port.ts')).portCommand(),
  },
  disk: {
    summary: 'the disks of machines, those that run too',
    group: 'Ports and disks',
    load: async () => (await import('./devices/disk.ts')).diskCommand(),
  },
  cd: {
    summary: 'the CDs in the drives of machines, those that run too',
    group: 'Ports and disks',
    load: async () => (await import('./devices/cd.ts')).cdCommand(),
  },
  snapshot: {
    summary: 'keep what machines are at one moment, and go back to it',
    group: 'State',
    load: async () => (await import('./state/snapshot.ts')).snapshotCommand(),
  },
  save: {
    summary: 'write machines’ memory to files and end them; start goes on there',
    group: 'State',
    load: async () => (await import('./state/save.ts')).saveCommand(),
  },
  restore: {
    summary: 'go on with the saved memory of machines',
    group: 'State',
    load: async () => (await import('./state/save.ts')).restoreCommand(),
  },
  pull: {
    summary: 'get images from their publishers',
    group: 'Images',
    load: async () => (await import('./images/pull.ts')).pullCommand(),
  },
  search: {
    summary: 'find images that can be pulled',
    group: 'Images',
    load: async () => (await import('./images/search.ts')).searchCommand(),
  },
  image: {
    summary: 'list, build, export and remove the images that guests boot from',
    group: 'Images',
    load: async () => (await import('./images/image.ts')).imageCommand(),
  },
  template: {
    summary: 'keep booted guests with their memory, for run --template',
    group: 'Images',
    load: async () => (await import('./state/template.ts')).templateCommand(),
  },
  doctor: {
    summary: 'what works on this host, what does not, and what to do about it',
    group: 'Host',
    load: async () => (await import('./host/doctor.ts')).doctorCommand(),
  },
  info: {
    summary: 'show this host: processors, memory, accelerator, versions, directories',
    group: 'Host',
    load: async () => (await import('./host/info.ts')).infoCommand(),
  },
  system: {
    summary: 'what all of it takes on this host, and what of it nobody needs',
    group: 'Host',
    load: async () => (await import('./host/system.ts')).systemCommand(),
  },
  systemd: {
    summary: 'let systemd start and stop a machine',
    group: 'Host',
    load: async () => (await import('./host/systemd.ts')).systemdCommand(),
  },
  completion: {
    summary: 'print a script that completes words for bash, zsh or fish',
    group: 'Host',
    load: async () => (await import('./completion/completion.ts')).completionCommand(),
  },
  qmp: {
    summary: 'talk to a QMP monitor: a shell, or one command',
    group: 'Host',
    load: async () => (await import('./host/qmp.ts')).qmpCommand(),
  },
};

/** Undefined for a word that is no verb. */
export async function loadVerb(name: string): Promise<Command | undefined> {
  const verb = findVerb(name);
  if (verb === undefined) return undefined;
  const command = await verb.load();
  if (command.description() === '') command.description(verb.summary);
  return command;
}

export function findVerb(name: string): Verb | undefined {
  return Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
}

import { Command } from 'commander';
import { type FormatFlags, addFormatOptions, printEach } from '../output/record-format.ts';
import { MachineStore, type NamedMachine, describeStatus } from '../../machines/index.ts';

export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description('Shows everything about machines as JSON.')
    .argument('<machines...>', 'names of the machines');
  return addFormatOptions(command, '{{.Name}} {{.Status.Kind}}').action(
    (names: string[], flags: FormatFlags) => {
      const store = new MachineStore();
      printEach(names, (name) => inspected(store.get(name)), flags, 'machines');
    },
  );
}

/** Everything about a machine. */
export function inspected(machine: NamedMachine) {
  const status = machine.status();
  return {
    name: machine.name,
    spec: machine.spec,
    status: { ...status, description: describeStatus(status) },
    ports: machine.ports(),
    sockets: machine.sockets(),
    ...(status.kind === 'running' && {
      pendingChanges: machine.pendingChanges(),
      plan: machine.live().plan(),
    }),
    files: machine.files,
  };
}

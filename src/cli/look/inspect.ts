import { Command } from 'commander';
import { MachineStore, describeStatus } from '../../machines/index.ts';

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('Prints all that is known of machines, as JSON.')
    .argument('<machines...>', 'their names')
    .action((names: string[]) => {
      const store = new MachineStore();
      const machines = names.map((name) => {
        const machine = store.get(name);
        const status = machine.status();
        return {
          spec: machine.spec,
          status: { ...status, description: describeStatus(status) },
          ...(status.kind === 'running' && { ports: machine.live().ports(), plan: machine.live().plan() }),
          files: machine.files,
        };
      });
      process.stdout.write(`${JSON.stringify({ version: 1, machines }, null, 2)}\n`);
    });
}

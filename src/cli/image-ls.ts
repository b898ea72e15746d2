import { Command } from 'commander';
import { table } from './table.ts';

export function imageLsCommand(): Command {
  return new Command('ls')
    .description('list the images')
    .option('--json', 'print JSON')
    .action(listTheImages);
}

async function listTheImages(flags: { readonly json?: boolean }): Promise<void> {
  const { ImageStore } = await import('../index.ts');
  const { images, broken } = await new ImageStore().list();
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ version: 1, images, broken }, null, 2)}\n`);
    return;
  }
  const rows = images.map((image) => [
    image.names.join(' ') || '<none>',
    image.digest.slice(0, 12),
    image.kind === 'kernel' ? image.kernelRelease : image.origin.kind,
    `${(image.bytes / 1024 ** 2).toFixed(0)} MiB`,
    image.createdAt.toISOString().slice(0, 16).replace('T', ' '),
  ]);
  process.stdout.write(table([['NAME', 'DIGEST', 'KERNEL', 'SIZE', 'CREATED'], ...rows]));
  for (const { path, reason } of broken) process.stderr.write(`vmlet: ${path}: ${reason}\n`);
}

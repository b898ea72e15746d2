import { Command } from 'commander';
import { imageBuildCommand } from './image-build.ts';
import { imageLsCommand } from './image-ls.ts';
import { imageRmCommand } from './image-rm.ts';

/** The verbs of images, one file each. */
export function imageCommand(): Command {
  return new Command('image')
    .description('The images that guests boot from.')
    .addCommand(imageBuildCommand())
    .addCommand(imageLsCommand())
    .addCommand(imageRmCommand());
}

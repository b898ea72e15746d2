import { Command } from 'commander';
import { imageBuildCommand } from './image-build.ts';
import { imageExportCommand } from './image-export.ts';
import { imageImportCommand } from './image-import.ts';
import { imageInspectCommand } from './image-inspect.ts';
import { imageLsCommand } from './image-ls.ts';
import { imagePruneCommand } from './image-prune.ts';
import { imageRmCommand } from './image-rm.ts';
import { imageTagCommand } from './image-tag.ts';
import { pullCommand } from './pull.ts';
import { searchCommand } from './search.ts';

/** The verbs of images, one file each. */
export function imageCommand(): Command {
  return new Command('image')
    .description('Manages the images that guests boot from.')
    .addCommand(pullCommand())
    .addCommand(imageLsCommand())
    .addCommand(imageInspectCommand())
    .addCommand(imageTagCommand())
    .addCommand(imageRmCommand())
    .addCommand(imagePruneCommand())
    .addCommand(imageBuildCommand())
    .addCommand(imageImportCommand())
    .addCommand(imageExportCommand())
    .addCommand(searchCommand());
}

import type { Image } from './image.ts';
import type { ImageProgress } from './image-progress.ts';

export interface PullOptions {
  readonly store: string;
  readonly partials: string;
  readonly userCatalogue: string;
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly orElse?: Image | undefined;
}

export declare function pullImage(reference: string, options: PullOptions): Promise<Image>;

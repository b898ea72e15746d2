import { TemplateInUseError } from '../../errors/index.ts';
import { poolsOf } from './named-pools.ts';

/**
 * Checks that a template can be removed or replaced: each further guest of a pool opens the template's files again.
 * @throws TemplateInUseError while pools fork the template.
 */
export function refusePooled(template: { readonly name: string; readonly directory: string }): void {
  const pools = poolsOf(template);
  if (pools.length > 0) throw new TemplateInUseError(template.name, pools);
}

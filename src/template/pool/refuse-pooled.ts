import { TemplateInUseError } from '../../errors/index.ts';
import { poolsOf } from './named-pools.ts';

/**
 * A pool maps the template's files anew for each further guest.
 * @throws TemplateInUseError while pools fork the template.
 */
export function refusePooled(template: { readonly name: string; readonly directory: string }): void {
  const pools = poolsOf(template);
  if (pools.length > 0) throw new TemplateInUseError(template.name, pools);
}

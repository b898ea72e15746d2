import { type NetworkMember as Member, addressesOf, ipv6Of } from '../../network/private/addresses.ts';
import type { WantedMembership } from '../../network/private/membership.ts';
import type { NetworkSettings } from '../../network/private/network-record.ts';
import type { NetworkMember } from './attachment.ts';

/** A machine's card in a private network of either kind; `NetworkAttachment` describes its properties. */
export class MemberCard implements NetworkMember {
  readonly wanted: WantedMembership;
  readonly subnet: string;
  readonly name: string;
  readonly alias: string | undefined;
  readonly address: string;
  readonly ipv6: string;
  readonly addresses: readonly string[];
  readonly mac: string;
  readonly mtu: number;

  constructor(settings: NetworkSettings, member: Member, wanted: WantedMembership) {
    this.wanted = wanted;
    this.subnet = settings.subnet;
    this.name = member.name;
    this.alias = member.alias;
    this.address = member.address;
    this.ipv6 = ipv6Of(settings, member.address);
    this.addresses = addressesOf(settings, member);
    this.mac = member.mac;
    this.mtu = member.mtu ?? settings.mtu;
  }
}

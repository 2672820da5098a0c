import type { PatchSite } from './patch-site.ts';

/** Windows by address. */
export class WindowIndex {
  /** In order of addresses. */
  readonly sites: readonly PatchSite[];

  constructor(sites: readonly PatchSite[]) {
    this.sites = [...sites].sort((a, b) => a.address - b.address);
  }

  /** The window in which an address is, behind its first byte. */
  inside(address: number): PatchSite | undefined {
    const { sites } = this;
    let low = 0;
    let high = sites.length;
    // The first site that is not below the address.
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sites[middle]!.address < address) low = middle + 1;
      else high = middle;
    }
    const site = sites[low - 1];
    return site !== undefined && address < site.address + site.original.length ? site : undefined;
  }
}

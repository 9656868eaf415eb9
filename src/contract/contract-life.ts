export type ContractEvent = { readonly type: string }
export function foldContract(): unknown {
  return {}
}

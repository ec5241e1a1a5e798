// Whom something can be given to, where the person may see the accounts.
import { get, type Schemas } from './api/client'
import { useLoad, type Load } from './load'

export function useStaff(): Load<Schemas['UserView'][]> {
  return useLoad(() => get<Schemas['UserView'][]>('/api/users').catch(() => []))
}

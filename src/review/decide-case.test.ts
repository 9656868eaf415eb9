import { expect, test } from 'vitest'
import { storyTo } from '../../test/case-world.ts'

test('a case goes from an application to a determination', () => {
  const { state, events } = storyTo('determined')
  expect(state?.state).toBe('determined')
  expect(events.at(-1)?.event.type).toBe('case-determined')
})

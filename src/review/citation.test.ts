import { expect, test } from 'vitest'
import { citationAdvice } from './citation.ts'

// Public citations of each scheme, and what people write in their place.

test.each([
  ['eli', '/eli/fx/act/2019/14'],
  ['eli', '/eli/reg/2016/679/oj'],
  ['eli', 'http://data.europa.eu/eli/reg/2016/679/oj'],
  ['eli', 'https://www.legifrance.gouv.fr/eli/loi/2015/7/24/PRMX1504410L/jo/texte'],
  ['ecli', 'ECLI:EU:C:2014:317'],
  ['ecli', 'ECLI:CE:ECHR:2009:0211JUD000378004'],
  ['ecli', 'ECLI:DE:BVERFG:2016:rs20160420a.1bvr096609'],
  ['ecli', 'ECLI:AT:OGH0002:1998:0020OB00201.98X0101.000'],
  ['uslm', '/us/usc/t50/s1881a'],
  ['uslm', '/us/usc/t5a/s103'],
  ['uslm', '/us/pl/110/261/s101'],
  ['uslm', '/us/stat/122/2436'],
  ['uslm', '/us/cfr/t22/s123.25'],
  ['legislation-gov-uk', 'https://www.legislation.gov.uk/ukpga/2016/25/section/102'],
  ['legislation-gov-uk', 'http://www.legislation.gov.uk/id/uksi/2018/341'],
  ['legislation-gov-uk', 'https://www.legislation.gov.uk/ukpga/Geo6/8-9/9'],
  ['urn-lex', 'urn:lex:it:stato:legge:2003-09-21;456'],
  ['urn-lex', 'urn:lex:fx:parliament:act:2016-06-30;88'],
  ['urn-lex', 'urn:lex:br:federal:lei:2008-06-19;11705@2010;consolidated$text-xml:br~art1'],
  ['urn-lex', 'urn:lex:ch;glarus:regiere:erlass:2007-10-15;963'],
  ['prose', 'Assessment Act, section 3'],
  ['prose', 'Directive of the interior minister on parliamentary scrutiny, paragraph 4'],
] as const)('%s: %s is a citation', (scheme, id) => {
  expect(citationAdvice({ scheme, id })).toBeUndefined()
})

test.each([
  ['eli', 'Regulation 2016/679', '/eli/'],
  ['eli', '/eli/', '/eli/'],
  ['eli', '/eli/reg/2016 679', '/eli/'],
  ['eli', 'ftp://data.europa.eu/eli/reg/2016/679', '/eli/'],
  ['ecli', 'EU:C:2014:317', 'ECLI:'],
  ['ecli', 'ECLI:EU:C:14:317', 'ECLI:'],
  ['ecli', 'ECLI:EU:C:2014:', 'ECLI:'],
  ['ecli', 'ECLI:EUR:C:2014:317', 'ECLI:'],
  ['uslm', '50 U.S.C. 1881a', '/us/usc/'],
  ['uslm', '/us/usc/50/1881a', '/us/usc/'],
  ['legislation-gov-uk', 'ukpga/2016/25', 'https://www.legislation.gov.uk/'],
  ['legislation-gov-uk', 'https://www.legislation.gov.uk.example.com/ukpga/2016/25', 'https://'],
  ['legislation-gov-uk', 'https://www.legislation.gov.uk/ukpga/2016', 'https://'],
  ['urn-lex', 'urn:lex:it:stato:legge', 'urn:lex:'],
  ['urn-lex', 'urn:lex:it:stato:legge:2003-09-21', 'urn:lex:'],
  ['urn-lex', 'urn:nbn:it:stato:legge:2003-09-21;456', 'urn:lex:'],
  ['prose', 'Act', 'which part'],
  ['prose', '   ', 'which part'],
  ['prose', '§ 3', 'which part'],
  ['eli', `/eli/fx/${'a'.repeat(2_000)}`, '/eli/'],
] as const)('%s: %s is none, and it is said how to write one', (scheme, id, advice) => {
  expect(citationAdvice({ scheme, id })).toContain(advice)
})

-- Knowledge for both client organisations, for local use. The texts are invented for demonstration.
-- One document of each organisation carries an archived version and one a draft, whose text says something
-- different from the live version, so that an answer taken from the wrong version is easy to see.

INSERT INTO knowledge_sources (id, org_id, name, type, status, last_synced_at, config, created_at, updated_at) VALUES
    ('ksrc_dental_web', 'org_dental', 'Website pages', 'url', 'connected', '2025-03-10T06:00:00.000Z', '{"url":"https://brightsmile.example/visit"}', '2025-01-20T09:00:00.000Z', '2025-03-10T06:00:00.000Z'),
    ('ksrc_dental_files', 'org_dental', 'Front desk handbook', 'file', 'connected', '2025-02-18T10:00:00.000Z', '{}', '2025-01-20T09:10:00.000Z', '2025-02-18T10:00:00.000Z'),
    ('ksrc_chadis_guide', 'org_chadis', 'Product guide', 'file', 'connected', '2025-02-20T12:00:00.000Z', '{}', '2025-02-05T09:00:00.000Z', '2025-02-20T12:00:00.000Z'),
    ('ksrc_chadis_help', 'org_chadis', 'Help center', 'url', 'connected', '2025-03-12T06:00:00.000Z', '{"url":"https://chadis.example/help"}', '2025-02-05T09:15:00.000Z', '2025-03-12T06:00:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO knowledge_documents (id, org_id, source_id, title, path, status, mime_type, size_bytes, created_at, updated_at) VALUES
    ('kdoc_dental_hours', 'org_dental', 'ksrc_dental_web', 'Hours and location', '/visit/hours', 'ready', 'text/html', 18432, '2025-01-20T09:20:00.000Z', '2025-03-10T06:02:00.000Z'),
    ('kdoc_dental_fees', 'org_dental', 'ksrc_dental_files', 'Fees, insurance and payment', 'handbook/fees.pdf', 'ready', 'application/pdf', 96256, '2025-01-20T09:25:00.000Z', '2025-02-18T10:05:00.000Z'),
    ('kdoc_dental_booking', 'org_dental', 'ksrc_dental_files', 'Appointments and cancellations', 'handbook/appointments.pdf', 'ready', 'application/pdf', 61440, '2025-01-20T09:30:00.000Z', '2025-01-20T09:40:00.000Z'),
    ('kdoc_dental_care', 'org_dental', 'ksrc_dental_web', 'Emergencies and care for children', '/care', 'ready', 'text/html', 22528, '2025-01-21T08:00:00.000Z', '2025-01-21T08:10:00.000Z'),
    ('kdoc_chadis_overview', 'org_chadis', 'ksrc_chadis_guide', 'What CHADIS is', 'guide/overview.pdf', 'ready', 'application/pdf', 74752, '2025-02-05T09:20:00.000Z', '2025-02-05T09:30:00.000Z'),
    ('kdoc_chadis_questionnaires', 'org_chadis', 'ksrc_chadis_guide', 'Questionnaires', 'guide/questionnaires.pdf', 'ready', 'application/pdf', 131072, '2025-02-05T09:25:00.000Z', '2025-02-20T12:05:00.000Z'),
    ('kdoc_chadis_integration', 'org_chadis', 'ksrc_chadis_help', 'Health record integration and privacy', '/help/integration', 'ready', 'text/html', 27648, '2025-02-06T10:00:00.000Z', '2025-02-06T10:10:00.000Z'),
    ('kdoc_chadis_support', 'org_chadis', 'ksrc_chadis_help', 'Support, training and pricing', '/help/support', 'ready', 'text/html', 15360, '2025-02-06T10:20:00.000Z', '2025-03-12T06:03:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO knowledge_versions (id, document_id, org_id, version_number, stage, is_live, created_at, created_by, change_note) VALUES
    ('kver_dental_hours_1', 'kdoc_dental_hours', 'org_dental', 1, 'archived', 0, '2025-01-20T09:22:00.000Z', 'usr_demo_admin', 'First import'),
    ('kver_dental_hours_2', 'kdoc_dental_hours', 'org_dental', 2, 'live', 1, '2025-03-10T06:02:00.000Z', 'usr_demo_admin', 'Saturday hours added'),
    ('kver_dental_fees_1', 'kdoc_dental_fees', 'org_dental', 1, 'live', 1, '2025-02-18T10:05:00.000Z', 'usr_demo_owner', 'Fees for this year'),
    ('kver_dental_fees_2', 'kdoc_dental_fees', 'org_dental', 2, 'draft', 0, '2025-03-28T15:00:00.000Z', 'usr_demo_owner', 'Proposed fees, not approved yet'),
    ('kver_dental_booking_1', 'kdoc_dental_booking', 'org_dental', 1, 'live', 1, '2025-01-20T09:40:00.000Z', 'usr_demo_admin', 'First import'),
    ('kver_dental_care_1', 'kdoc_dental_care', 'org_dental', 1, 'live', 1, '2025-01-21T08:10:00.000Z', 'usr_demo_admin', 'First import'),
    ('kver_chadis_overview_1', 'kdoc_chadis_overview', 'org_chadis', 1, 'live', 1, '2025-02-05T09:30:00.000Z', 'usr_demo_other', 'First import'),
    ('kver_chadis_questionnaires_1', 'kdoc_chadis_questionnaires', 'org_chadis', 1, 'archived', 0, '2025-02-05T09:28:00.000Z', 'usr_demo_other', 'First import'),
    ('kver_chadis_questionnaires_2', 'kdoc_chadis_questionnaires', 'org_chadis', 2, 'live', 1, '2025-02-20T12:05:00.000Z', 'usr_demo_other', 'Languages updated'),
    ('kver_chadis_integration_1', 'kdoc_chadis_integration', 'org_chadis', 1, 'live', 1, '2025-02-06T10:10:00.000Z', 'usr_demo_other', 'First import'),
    ('kver_chadis_support_1', 'kdoc_chadis_support', 'org_chadis', 1, 'live', 1, '2025-03-12T06:03:00.000Z', 'usr_demo_other', 'First import'),
    ('kver_chadis_support_2', 'kdoc_chadis_support', 'org_chadis', 2, 'draft', 0, '2025-04-02T13:00:00.000Z', 'usr_demo_other', 'Price list under discussion')
ON CONFLICT DO NOTHING;

-- Passages of Bright Smile Dental Group.
WITH passage (id, version_id, page_label, content) AS (VALUES
    ('kchk_dental_hours_2_1', 'kver_dental_hours_2', 'Hours',
     'Bright Smile Dental Group is open Monday to Thursday from 8:00 in the morning until 6:00 in the evening, and on Friday from 8:00 until 4:00. The front desk answers the phone from 7:45. Between 12:30 and 1:15 there is a lunch break in which no treatments start, but you can still reach us by phone and drop off forms.'),
    ('kchk_dental_hours_2_2', 'kver_dental_hours_2', 'Saturday hours',
     'On Saturday the practice is open from 9:00 in the morning until 1:00 in the afternoon. Saturday appointments are for cleanings, check-ups and children, and they fill up about three weeks ahead. Larger treatments such as crowns and root canals are done on weekdays only. We are closed on Sunday and on public holidays.'),
    ('kchk_dental_hours_2_3', 'kver_dental_hours_2', 'Address',
     'You find Bright Smile Dental Group at 418 Maple Avenue, Suite 200, in Fairview, on the second floor above the pharmacy. There is an elevator beside the main entrance, and the whole practice is accessible by wheelchair. Bus lines 4 and 17 stop at Maple and Third, one minute on foot from our door.'),
    ('kchk_dental_hours_2_4', 'kver_dental_hours_2', 'Parking',
     'Parking for patients is free for two hours in the garage behind the building. Enter from Third Street, take a ticket and bring it to the front desk, where we validate it. Two spaces for disabled visitors are next to the elevator on level one. Street parking on Maple Avenue is metered and limited to one hour.'),
    ('kchk_dental_hours_2_5', 'kver_dental_hours_2', 'Contact',
     'You can call the front desk of Bright Smile Dental at (555) 010-2233 during opening hours or write to hello@brightsmile.example at any time. We answer e-mail within one working day. Please do not send pictures of insurance cards by e-mail. Use the upload link in your appointment confirmation instead, because it is encrypted.'),
    ('kchk_dental_hours_1_1', 'kver_dental_hours_1', 'Hours',
     'Bright Smile Dental Group is open Monday to Friday from 9:00 in the morning until 5:00 in the evening. The practice is closed on Saturday and Sunday. Patients who cannot come during the week are asked to write to the front desk, which keeps a list for the planned opening of a weekend clinic.'),
    ('kchk_dental_hours_1_2', 'kver_dental_hours_1', 'Parking',
     'There is no parking at the building because the garage is being repaired. Patients may use the public lot on Fifth Street, which costs three dollars an hour and is about six minutes away on foot. Visitors who cannot walk that far may be dropped off at the main entrance.'),
    ('kchk_dental_fees_1_1', 'kver_dental_fees_1', 'p. 1',
     'A regular cleaning for an adult costs $95 at Bright Smile Dental and takes about 45 minutes. The price includes polishing and a short conversation with the hygienist about brushing and flossing. A cleaning for a child under twelve costs $70. A deep cleaning below the gum line is a different treatment and costs $210 for each quarter of the mouth.'),
    ('kchk_dental_fees_1_2', 'kver_dental_fees_1', 'p. 2',
     'Professional teeth whitening in the chair costs $350 and takes a little over an hour. Take-home whitening with custom trays costs $220, including two refills of gel. Whitening is a cosmetic treatment, so insurance does not pay for it. Before either kind we check that there are no open cavities, which is included in the price.'),
    ('kchk_dental_fees_1_3', 'kver_dental_fees_1', 'p. 3',
     'Bright Smile Dental is in network with Delta Dental, Cigna, Aetna, MetLife and Guardian. For other PPO plans we send the claim for you as an out-of-network provider, and the plan pays its share to you or to us. We do not accept HMO plans or Medicaid at the moment. Bring your insurance card and a photo ID to the first visit.'),
    ('kchk_dental_fees_1_4', 'kver_dental_fees_1', 'p. 4',
     'You can pay at Bright Smile Dental with cash, debit card, all major credit cards, and HSA or FSA cards. Treatments above $500 can be paid in three to twelve monthly parts without interest. The plan is arranged at the front desk before the treatment starts and needs a card on file. Patients without insurance get ten percent off when they pay on the day.'),
    ('kchk_dental_fees_1_5', 'kver_dental_fees_1', 'p. 5',
     'Before any treatment above $200 you receive a written estimate that shows the full fee, the part your insurance is expected to pay, and your own part. The estimate is valid for ninety days. Insurance companies sometimes pay less than they announced, and the difference is then billed to you with thirty days to pay.'),
    ('kchk_dental_fees_2_1', 'kver_dental_fees_2', 'p. 1',
     'DRAFT. A regular cleaning for an adult costs $149 at Bright Smile Dental and takes about 45 minutes. The price includes polishing and an oral cancer screening. A cleaning for a child under twelve costs $110. A deep cleaning below the gum line costs $290 for each quarter of the mouth. These fees have not been approved.'),
    ('kchk_dental_fees_2_2', 'kver_dental_fees_2', 'p. 2',
     'DRAFT. Professional teeth whitening in the chair costs $499 and takes a little over an hour. Take-home whitening with custom trays costs $310, including four refills of gel. A bundle of both kinds is planned at $699. These fees have not been approved and must not be quoted to patients before the owner has signed them.'),
    ('kchk_dental_booking_1_1', 'kver_dental_booking_1', 'p. 1',
     'You can book an appointment at Bright Smile Dental by phone, in the chat on our website, or at the front desk. New patients usually get a first visit within seven working days. Please come fifteen minutes early to fill in the medical history, or complete it online with the link in your confirmation, which takes about ten minutes.'),
    ('kchk_dental_booking_1_2', 'kver_dental_booking_1', 'p. 2',
     'Please cancel or move an appointment at least 24 hours before it starts. Cancelling is free until then. For later cancellations and for missed appointments Bright Smile Dental charges $50, because the time can no longer be given to someone else. The fee is waived the first time, and whenever illness or an accident is the reason.'),
    ('kchk_dental_booking_1_3', 'kver_dental_booking_1', 'p. 3',
     'If you are running late, please call us. We can hold an appointment for fifteen minutes. After that we may have to shorten the treatment or offer you another time on the same day, so that patients who come after you do not have to wait. Two late arrivals in a row count as one missed appointment.'),
    ('kchk_dental_booking_1_4', 'kver_dental_booking_1', 'p. 4',
     'To move your records to Bright Smile Dental, sign the transfer form at the front desk or in the patient portal. We ask your previous dentist for X-rays and notes, which takes five to ten working days. If you leave us, we send a copy of your own records to the new dentist without charge.'),
    ('kchk_dental_care_1_1', 'kver_dental_care_1', 'Emergencies',
     'For a dental emergency during opening hours call (555) 010-2233 right away. Bright Smile Dental keeps two slots free every day for severe toothache, a broken or knocked-out tooth, swelling or bleeding that does not stop. Most emergency patients are seen within three hours. The emergency examination costs $85 and is credited towards the treatment.'),
    ('kchk_dental_care_1_2', 'kver_dental_care_1', 'After hours',
     'Outside opening hours the same phone number connects you to the dentist on call, every evening until 10:00 and on weekends. If your face is swollen and you have trouble breathing or swallowing, or if bleeding cannot be stopped with pressure, go to the nearest hospital emergency room or call 911. Do not wait for a call back.'),
    ('kchk_dental_care_1_3', 'kver_dental_care_1', 'Knocked-out tooth',
     'If an adult tooth is knocked out, pick it up by the crown and do not touch the root. Rinse it briefly with milk, do not scrub it, and put it back in its socket if you can. Otherwise keep it in a cup of milk. Come to Bright Smile Dental within thirty minutes, because the chance to save the tooth falls quickly.'),
    ('kchk_dental_care_1_4', 'kver_dental_care_1', 'Children',
     'Bright Smile Dental treats children from their first tooth on, and we suggest a first visit by the first birthday. A parent may stay in the room the whole time. The children''s room has ceiling screens and smaller chairs, and Saturday mornings are reserved for families. Check-ups for children take twenty minutes and include fluoride if the parents agree.'),
    ('kchk_dental_care_1_5', 'kver_dental_care_1', 'Anxious patients',
     'Many people are nervous at the dentist, and it helps if you tell us when you book. Bright Smile Dental offers longer appointments, headphones and a stop signal that everybody respects. Nitrous oxide costs $60 a visit and wears off within minutes. For oral sedation you need someone who drives you home, and we ask about your medicines beforehand.')
)
INSERT INTO knowledge_chunks (id, version_id, org_id, content, token_count, page_label, metadata)
SELECT id, version_id, 'org_dental', content, (length(content) + 3) / 4, page_label, '{}' FROM passage WHERE true
ON CONFLICT DO NOTHING;

-- Passages of CHADIS.
WITH passage (id, version_id, page_label, content) AS (VALUES
    ('kchk_chadis_overview_1_1', 'kver_chadis_overview_1', 'p. 1',
     'CHADIS is a web platform for pediatric practices. Before a visit, parents, teenagers and teachers answer questionnaires online about development, behavior, mood and family life. CHADIS scores the answers at once and shows the clinician the results next to the notes for the visit, so that concerns are seen before the family walks in.'),
    ('kchk_chadis_overview_1_2', 'kver_chadis_overview_1', 'p. 2',
     'CHADIS is used by primary care pediatricians, family doctors, developmental and behavioral specialists, school health teams and research groups. A practice can start with one clinician and add others later. Families use it on a phone, a tablet or a computer, at home or in the waiting room, and need no app and no installation.'),
    ('kchk_chadis_overview_1_3', 'kver_chadis_overview_1', 'p. 3',
     'A typical visit with CHADIS begins about a week ahead, when the family receives a link by e-mail or text message. The system chooses the questionnaires by the age of the child and the kind of visit. Unfinished questionnaires can be continued later. After the visit the clinician can send care plans and resources to the family through the same account.'),
    ('kchk_chadis_overview_1_4', 'kver_chadis_overview_1', 'p. 4',
     'Decision support in CHADIS links the answers of a family to guidance for the clinician. It proposes follow-up questions, summarises possible concerns, and suggests handouts and local referrals. It does not make a diagnosis and does not replace clinical judgment. Each suggestion shows which answers led to it, so that the clinician can check it.'),
    ('kchk_chadis_questionnaires_2_1', 'kver_chadis_questionnaires_2', 'p. 1',
     'The CHADIS library holds several hundred questionnaires, from developmental screening and autism screening to ADHD, anxiety, depression, asthma control and social needs. Most are included in the subscription. A few are owned by publishers who charge for each use, and these are marked with a price before a practice switches them on.'),
    ('kchk_chadis_questionnaires_2_2', 'kver_chadis_questionnaires_2', 'p. 2',
     'Questionnaires in CHADIS are available in English and Spanish, and the most common screening tools in twelve further languages, among them Arabic, Chinese, French, Portuguese and Vietnamese. Families choose the language on the first page. The clinician always sees the results in English, whatever language the family used to answer.'),
    ('kchk_chadis_questionnaires_2_3', 'kver_chadis_questionnaires_2', 'p. 3',
     'CHADIS scores a questionnaire the moment it is submitted. Results above the cut-off are highlighted, and earlier results of the same child are drawn as a line over time. When an answer points to acute danger, for example thoughts of self-harm in a teenager, the practice is alerted by e-mail and text message without delay.'),
    ('kchk_chadis_questionnaires_2_4', 'kver_chadis_questionnaires_2', 'p. 4',
     'A practice can assign questionnaires by rules, for instance a developmental screen at nine, eighteen and thirty months, or a depression screen for every patient of twelve years and older. Staff can also add a questionnaire for one child by hand. Teachers receive their own link and see only their own answers, never those of the parents.'),
    ('kchk_chadis_questionnaires_1_1', 'kver_chadis_questionnaires_1', 'p. 2',
     'Questionnaires in CHADIS are available in English only. Translations into other languages are being prepared and will be announced in the help center. Families who do not read English are asked to fill in the paper form together with the staff of the practice, who then enter the answers by hand.'),
    ('kchk_chadis_questionnaires_1_2', 'kver_chadis_questionnaires_1', 'p. 3',
     'Results in CHADIS are calculated once every night and appear in the account of the clinician on the next morning. Questionnaires that were submitted in the waiting room are therefore not available during the same visit. Clinicians who need a result at once can score the paper form by hand with the printed key.'),
    ('kchk_chadis_integration_1_1', 'kver_chadis_integration_1', 'EHR integration',
     'CHADIS connects to electronic health records through HL7 and FHIR interfaces. Appointments and demographics flow from the health record into CHADIS, and scored results flow back as discrete values with a PDF report. Interfaces exist for Epic, Oracle Health, athenahealth, eClinicalWorks, NextGen, Allscripts and Office Practicum, and new ones can be built with the vendor.'),
    ('kchk_chadis_integration_1_2', 'kver_chadis_integration_1', 'Setup time',
     'Setting up CHADIS without a health record interface takes about two weeks, including training. With an interface, plan six to ten weeks, most of which is waiting for a test system from the record vendor. The practice names one technical contact and one clinical lead. The CHADIS team provides a project plan and a weekly call until the first families have used it.'),
    ('kchk_chadis_integration_1_3', 'kver_chadis_integration_1', 'Privacy',
     'CHADIS handles protected health information under HIPAA and signs a business associate agreement with every practice. Data is encrypted in transit and at rest and is stored in the United States. Staff access is limited by role and recorded. Data of children is never sold and is used for research only in de-identified form and with the consent of the practice.'),
    ('kchk_chadis_integration_1_4', 'kver_chadis_integration_1', 'Family accounts',
     'Parents own their CHADIS account and decide who is invited to it. They can see which questionnaires were sent, download a copy of what they submitted, and ask for deletion. Teenagers get a separate confidential account where the law of the state provides for it, and their answers to sensitive questions are then shown to the clinician only.'),
    ('kchk_chadis_support_1_1', 'kver_chadis_support_1', 'Support',
     'CHADIS support for practices and families is available Monday to Friday from 8:00 in the morning until 8:00 in the evening, Eastern Time. Write to support@chadis.example or call (555) 010-7788. Questions about a forgotten password are usually solved in a few minutes. Support staff cannot see or discuss the results of a child.'),
    ('kchk_chadis_support_1_2', 'kver_chadis_support_1', 'Training',
     'Every new practice gets two live training sessions of one hour, one for the front desk and one for clinicians, and both are recorded for later. Short videos in the help center cover single tasks such as sending a link or reading a report. CHADIS also offers a quality improvement course with credit towards board certification.'),
    ('kchk_chadis_support_1_3', 'kver_chadis_support_1', 'Pricing',
     'The price of CHADIS depends on the number of clinicians and on whether a health record interface is needed, so there is no public price list. Write to sales@chadis.example with the name of the practice and the number of clinicians, and you receive a written offer within two working days. Research groups and public health programs get a reduced rate.'),
    ('kchk_chadis_support_1_4', 'kver_chadis_support_1', 'Contract',
     'A CHADIS subscription runs for one year and renews for another unless it is ended with sixty days notice. Clinicians can be added at any time and are charged from that month on. When a subscription ends, the practice can export all results for ninety days as PDF and CSV files, after which the data is deleted.'),
    ('kchk_chadis_support_2_1', 'kver_chadis_support_2', 'Pricing',
     'DRAFT. CHADIS costs $139 for each clinician and month, with a discount of fifteen percent for yearly payment. The health record interface costs $2,400 once and $60 a month. A free trial of thirty days is planned for practices with up to three clinicians. These prices are under discussion and must not be published.')
)
INSERT INTO knowledge_chunks (id, version_id, org_id, content, token_count, page_label, metadata)
SELECT id, version_id, 'org_chadis', content, (length(content) + 3) / 4, page_label, '{}' FROM passage WHERE true
ON CONFLICT DO NOTHING;

-- Totals of the versions follow from their passages. Only rows that have none yet are touched.
UPDATE knowledge_versions SET
    chunk_count = (SELECT COUNT(*) FROM knowledge_chunks WHERE knowledge_chunks.version_id = knowledge_versions.id),
    token_count = (SELECT SUM(knowledge_chunks.token_count) FROM knowledge_chunks WHERE knowledge_chunks.version_id = knowledge_versions.id)
WHERE chunk_count = 0 AND id IN (
    'kver_dental_hours_1', 'kver_dental_hours_2', 'kver_dental_fees_1', 'kver_dental_fees_2', 'kver_dental_booking_1', 'kver_dental_care_1',
    'kver_chadis_overview_1', 'kver_chadis_questionnaires_1', 'kver_chadis_questionnaires_2', 'kver_chadis_integration_1', 'kver_chadis_support_1', 'kver_chadis_support_2');

-- Documents are inserted before their versions, so the live version is named afterwards, and only once.
UPDATE knowledge_documents SET
    live_version_id = (SELECT id FROM knowledge_versions WHERE document_id = knowledge_documents.id AND is_live = 1)
WHERE live_version_id IS NULL AND id IN (
    'kdoc_dental_hours', 'kdoc_dental_fees', 'kdoc_dental_booking', 'kdoc_dental_care',
    'kdoc_chadis_overview', 'kdoc_chadis_questionnaires', 'kdoc_chadis_integration', 'kdoc_chadis_support');

INSERT INTO knowledge_ingestion_jobs (id, org_id, source_id, document_id, version_id, type, status, created_at, updated_at) VALUES
    ('kjob_dental_1', 'org_dental', 'ksrc_dental_web', NULL, NULL, 'ingest_source', 'succeeded', '2025-01-20T09:18:00.000Z', '2025-01-20T09:22:00.000Z'),
    ('kjob_dental_2', 'org_dental', 'ksrc_dental_files', 'kdoc_dental_fees', 'kver_dental_fees_1', 'ingest_document', 'succeeded', '2025-02-18T10:01:00.000Z', '2025-02-18T10:05:00.000Z'),
    ('kjob_dental_3', 'org_dental', 'ksrc_dental_web', 'kdoc_dental_hours', 'kver_dental_hours_2', 'sync', 'succeeded', '2025-03-10T06:00:00.000Z', '2025-03-10T06:02:00.000Z'),
    ('kjob_chadis_1', 'org_chadis', 'ksrc_chadis_guide', 'kdoc_chadis_questionnaires', 'kver_chadis_questionnaires_2', 'ingest_document', 'succeeded', '2025-02-20T12:00:00.000Z', '2025-02-20T12:05:00.000Z'),
    ('kjob_chadis_2', 'org_chadis', 'ksrc_chadis_help', 'kdoc_chadis_support', 'kver_chadis_support_1', 'sync', 'succeeded', '2025-03-12T06:00:00.000Z', '2025-03-12T06:03:00.000Z')
ON CONFLICT DO NOTHING;

INSERT INTO knowledge_policies (id, org_id, name, description, rules, created_at, updated_at) VALUES
    ('kpol_dental_member_numbers', 'org_dental', 'Insurance member numbers', 'Masks insurance member numbers in answers.',
     '[{"id":"mask_member_number","type":"redact","match":"regex","pattern":"[A-Z]{3}[0-9]{9}","applies_to":"responses","enforcement":"mask"}]',
     '2025-01-21T09:00:00.000Z', '2025-01-21T09:00:00.000Z'),
    ('kpol_dental_complaints', 'org_dental', 'Complaints and legal questions', 'Hands over to a person when an answer would touch a legal question.',
     '[{"id":"handoff_legal","type":"handoff","match":"keyword","pattern":"malpractice","applies_to":"responses","enforcement":"handoff","action":"notify_front_desk"}]',
     '2025-01-21T09:05:00.000Z', '2025-01-21T09:05:00.000Z'),
    ('kpol_chadis_health_data', 'org_chadis', 'Health data of children', 'Masks health data in answers and never shows secrets.',
     '[{"id":"mask_health_data","type":"redact","match":"phi","applies_to":"responses","enforcement":"mask"},{"id":"block_secrets","type":"restrict","match":"secrets","applies_to":"chunks","enforcement":"block"}]',
     '2025-02-06T11:00:00.000Z', '2025-02-06T11:00:00.000Z')
ON CONFLICT DO NOTHING;

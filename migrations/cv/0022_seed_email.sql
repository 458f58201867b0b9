-- The triggers that the server itself pulls, each with a default template in French and English (R60, R61), and the
-- template that is used where a trigger has none.
--
-- Ids have the form of the server's, derived from the name so that every installation has the same. Besides its own
-- variables each trigger has app_name, app_url, user_name, user_email and trigger_label.

INSERT INTO cv.email_triggers (id, name, label, description, variables, category, is_system)
SELECT 't' || substr(md5('trigger:' || v.name), 1, 23), v.name, v.label, v.description, v.variables::jsonb, v.category, true
FROM (VALUES
    ('email_verification', 'Vérification de l''adresse', 'A new account: the address is to be confirmed', '["link", "expires_hours"]', 'auth'),
    ('welcome', 'Bienvenue', 'The address of a new account is confirmed', '["link"]', 'auth'),
    ('password_reset', 'Mot de passe oublié', 'Somebody forgot the password', '["link", "expires_minutes"]', 'auth'),
    ('password_changed', 'Mot de passe modifié', 'The password was changed', '["link"]', 'auth'),
    ('email_change_current', 'Changement d''adresse : adresse actuelle', 'A new address is asked for; sent to the current one', '["link", "new_email", "expires_hours"]', 'account'),
    ('email_change_new', 'Changement d''adresse : nouvelle adresse', 'A new address is asked for; sent to the new one', '["link", "new_email", "expires_hours"]', 'account'),
    ('email_changed', 'Adresse modifiée', 'The address was changed; sent to the one before', '["new_email"]', 'account'),
    ('account_linked', 'Compte externe lié', 'An account at another provider can sign in from now on', '["provider", "link"]', 'account'),
    ('account_deleted', 'Compte supprimé', 'The account and everything in it was deleted', '[]', 'account')
) AS v (name, label, description, variables, category);

INSERT INTO cv.email_templates (id, name, trigger_id, subject, design_json, html_content, variables, is_active, is_default, language, translations)
SELECT 'm' || substr(md5('template:' || v.name), 1, 23), v.name, t.id, v.subject, v.design::jsonb, v.html, v.variables::jsonb,
       true, v.name = 'default', 'fr', jsonb_build_object('en', jsonb_build_object('subject', v.subject_en, 'html_content', v.html_en))
FROM (VALUES
    ('email_verification', 'email_verification', 'Confirmez votre adresse e-mail',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Bienvenue sur {{app_name}}. Confirmez votre adresse pour activer votre compte :"}]},{"type":"button","attrs":{"text":"Confirmer mon adresse","url":"{{link}}"}},{"type":"paragraph","content":[{"type":"text","text":"Ce lien est valable {{expires_hours}} heures et ne fonctionne qu''une fois."}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Bienvenue sur {{app_name}}. Confirmez votre adresse pour activer votre compte :</p><p><a class="button" href="{{link}}">Confirmer mon adresse</a></p><p>Ce lien est valable {{expires_hours}} heures et ne fonctionne qu''une fois.</p>',
     '["user_name", "app_name", "link", "expires_hours"]',
     'Confirm your e-mail address',
     '<p>Hello {{user_name}},</p><p>Welcome to {{app_name}}. Confirm your address to activate your account:</p><p><a class="button" href="{{link}}">Confirm my address</a></p><p>This link is valid for {{expires_hours}} hours and works once.</p>'),
    ('welcome', 'welcome', 'Bienvenue sur {{app_name}}',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Votre adresse est confirmée, votre compte est prêt."}]},{"type":"button","attrs":{"text":"Ouvrir {{app_name}}","url":"{{link}}"}},{"type":"paragraph","content":[{"type":"text","text":"Importez un CV, ou créez-en un, puis adaptez-le à vos offres."}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Votre adresse est confirmée, votre compte est prêt.</p><p><a class="button" href="{{link}}">Ouvrir {{app_name}}</a></p><p>Importez un CV, ou créez-en un, puis adaptez-le à vos offres.</p>',
     '["app_name", "user_name", "link"]',
     'Welcome to {{app_name}}',
     '<p>Hello {{user_name}},</p><p>Your address is confirmed and your account is ready.</p><p><a class="button" href="{{link}}">Open {{app_name}}</a></p><p>Import a CV, or write one, then adapt it to your offers.</p>'),
    ('password_reset', 'password_reset', 'Choisissez un nouveau mot de passe',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Vous avez demandé un nouveau mot de passe pour {{app_name}} :"}]},{"type":"button","attrs":{"text":"Choisir un mot de passe","url":"{{link}}"}},{"type":"paragraph","content":[{"type":"text","text":"Ce lien est valable {{expires_minutes}} minutes et ne fonctionne qu''une fois. Si vous n''avez rien demandé, ignorez ce message."}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Vous avez demandé un nouveau mot de passe pour {{app_name}} :</p><p><a class="button" href="{{link}}">Choisir un mot de passe</a></p><p>Ce lien est valable {{expires_minutes}} minutes et ne fonctionne qu''une fois. Si vous n''avez rien demandé, ignorez ce message.</p>',
     '["user_name", "app_name", "link", "expires_minutes"]',
     'Choose a new password',
     '<p>Hello {{user_name}},</p><p>You asked for a new password for {{app_name}}:</p><p><a class="button" href="{{link}}">Choose a password</a></p><p>This link is valid for {{expires_minutes}} minutes and works once. If you did not ask for it, ignore this message.</p>'),
    ('password_changed', 'password_changed', 'Votre mot de passe a été modifié',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Le mot de passe de votre compte {{app_name}} vient d''être modifié et vos autres appareils ont été déconnectés."}]},{"type":"button","attrs":{"text":"Réinitialiser le mot de passe","url":"{{link}}"}},{"type":"paragraph","content":[{"type":"text","text":"Si ce n''était pas vous, réinitialisez-le immédiatement."}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Le mot de passe de votre compte {{app_name}} vient d''être modifié et vos autres appareils ont été déconnectés.</p><p><a class="button" href="{{link}}">Réinitialiser le mot de passe</a></p><p>Si ce n''était pas vous, réinitialisez-le immédiatement.</p>',
     '["user_name", "app_name", "link"]',
     'Your password was changed',
     '<p>Hello {{user_name}},</p><p>The password of your {{app_name}} account was just changed, and your other devices were signed out.</p><p><a class="button" href="{{link}}">Reset the password</a></p><p>If that was not you, reset it at once.</p>'),
    ('email_change_current', 'email_change_current', 'Confirmez le changement de votre adresse',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Vous avez demandé que votre compte {{app_name}} utilise désormais l''adresse {{new_email}}."}]},{"type":"button","attrs":{"text":"Confirmer le changement","url":"{{link}}"}},{"type":"paragraph","content":[{"type":"text","text":"L''adresse ne change que lorsque les deux adresses ont confirmé, dans les {{expires_hours}} heures. Si ce n''était pas vous, ignorez ce message et changez votre mot de passe."}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Vous avez demandé que votre compte {{app_name}} utilise désormais l''adresse {{new_email}}.</p><p><a class="button" href="{{link}}">Confirmer le changement</a></p><p>L''adresse ne change que lorsque les deux adresses ont confirmé, dans les {{expires_hours}} heures. Si ce n''était pas vous, ignorez ce message et changez votre mot de passe.</p>',
     '["user_name", "app_name", "new_email", "link", "expires_hours"]',
     'Confirm the change of your address',
     '<p>Hello {{user_name}},</p><p>You asked that your {{app_name}} account uses the address {{new_email}} from now on.</p><p><a class="button" href="{{link}}">Confirm the change</a></p><p>The address changes only when both addresses have confirmed, within {{expires_hours}} hours. If that was not you, ignore this message and change your password.</p>'),
    ('email_change_new', 'email_change_new', 'Confirmez votre nouvelle adresse',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Confirmez que {{new_email}} est bien votre nouvelle adresse pour {{app_name}} :"}]},{"type":"button","attrs":{"text":"Confirmer mon adresse","url":"{{link}}"}},{"type":"paragraph","content":[{"type":"text","text":"Ce lien est valable {{expires_hours}} heures et ne fonctionne qu''une fois."}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Confirmez que {{new_email}} est bien votre nouvelle adresse pour {{app_name}} :</p><p><a class="button" href="{{link}}">Confirmer mon adresse</a></p><p>Ce lien est valable {{expires_hours}} heures et ne fonctionne qu''une fois.</p>',
     '["user_name", "new_email", "app_name", "link", "expires_hours"]',
     'Confirm your new address',
     '<p>Hello {{user_name}},</p><p>Confirm that {{new_email}} is your new address for {{app_name}}:</p><p><a class="button" href="{{link}}">Confirm my address</a></p><p>This link is valid for {{expires_hours}} hours and works once.</p>'),
    ('email_changed', 'email_changed', 'Votre adresse e-mail a été modifiée',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Votre compte {{app_name}} utilise désormais l''adresse {{new_email}}."}]},{"type":"paragraph","content":[{"type":"text","text":"Si ce n''était pas vous, répondez à ce message."}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Votre compte {{app_name}} utilise désormais l''adresse {{new_email}}.</p><p>Si ce n''était pas vous, répondez à ce message.</p>',
     '["user_name", "app_name", "new_email"]',
     'Your e-mail address was changed',
     '<p>Hello {{user_name}},</p><p>Your {{app_name}} account uses the address {{new_email}} from now on.</p><p>If that was not you, answer this message.</p>'),
    ('account_linked', 'account_linked', 'Un compte {{provider}} est lié à votre compte',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Vous pouvez désormais vous connecter à {{app_name}} avec {{provider}}."}]},{"type":"button","attrs":{"text":"Voir mes comptes liés","url":"{{link}}"}},{"type":"paragraph","content":[{"type":"text","text":"Si ce n''était pas vous, supprimez ce lien et changez votre mot de passe."}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Vous pouvez désormais vous connecter à {{app_name}} avec {{provider}}.</p><p><a class="button" href="{{link}}">Voir mes comptes liés</a></p><p>Si ce n''était pas vous, supprimez ce lien et changez votre mot de passe.</p>',
     '["provider", "user_name", "app_name", "link"]',
     'A {{provider}} account is linked to yours',
     '<p>Hello {{user_name}},</p><p>From now on you can sign in to {{app_name}} with {{provider}}.</p><p><a class="button" href="{{link}}">See my linked accounts</a></p><p>If that was not you, remove the link and change your password.</p>'),
    ('account_deleted', 'account_deleted', 'Votre compte a été supprimé',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Votre compte {{app_name}} et toutes ses données ont été supprimés."}]},{"type":"paragraph","content":[{"type":"text","text":"Au revoir, et bonne continuation."}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Votre compte {{app_name}} et toutes ses données ont été supprimés.</p><p>Au revoir, et bonne continuation.</p>',
     '["user_name", "app_name"]',
     'Your account was deleted',
     '<p>Hello {{user_name}},</p><p>Your {{app_name}} account and all its data were deleted.</p><p>Goodbye, and all the best.</p>'),
    ('default', NULL, '{{trigger_label}}',
     '{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"Bonjour {{user_name}},"}]},{"type":"paragraph","content":[{"type":"text","text":"Il y a du nouveau sur votre compte {{app_name}} : {{trigger_label}}."}]},{"type":"paragraph","content":[{"type":"text","text":"<a class=\"button\" href=\"{{app_url}}\">Ouvrir {{app_name}}</a>"}]}]}',
     '<p>Bonjour {{user_name}},</p><p>Il y a du nouveau sur votre compte {{app_name}} : {{trigger_label}}.</p><p><a class="button" href="{{app_url}}">Ouvrir {{app_name}}</a></p>',
     '["trigger_label", "user_name", "app_name", "app_url"]',
     '{{trigger_label}}',
     '<p>Hello {{user_name}},</p><p>There is news about your {{app_name}} account: {{trigger_label}}.</p><p><a class="button" href="{{app_url}}">Open {{app_name}}</a></p>')
) AS v (name, trigger, subject, design, html, variables, subject_en, html_en)
LEFT JOIN cv.email_triggers t ON t.name = v.trigger;

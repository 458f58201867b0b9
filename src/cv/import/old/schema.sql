-- The schema of the old database, as Prisma writes it: quoted names, TIMESTAMP(3) without zone (UTC), JSON in texts where
-- the models say String. It holds all columns that any edition of the old schema had.

CREATE TABLE "User" (
    "id"               TEXT NOT NULL,
    "name"             TEXT,
    "email"            TEXT,
    "emailVerified"    TIMESTAMP(3),
    "passwordHash"     TEXT,
    "image"            TEXT,
    "role"             TEXT NOT NULL DEFAULT 'USER',
    "resetToken"       TEXT,
    "resetTokenExpiry" TIMESTAMP(3),
    "stripeCustomerId" TEXT,
    "referralCode"     TEXT,
    "referredBy"       TEXT,
    "onboardingState"  JSONB,
    "createdAt"        TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"        TIMESTAMP(3) NOT NULL,
    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
CREATE UNIQUE INDEX "User_stripeCustomerId_key" ON "User"("stripeCustomerId");
CREATE UNIQUE INDEX "User_referralCode_key" ON "User"("referralCode");

CREATE TABLE "Account" (
    "id"                TEXT NOT NULL,
    "userId"            TEXT NOT NULL,
    "type"              TEXT NOT NULL,
    "provider"          TEXT NOT NULL,
    "providerAccountId" TEXT NOT NULL,
    "refresh_token"     TEXT,
    "access_token"      TEXT,
    "expires_at"        INTEGER,
    "token_type"        TEXT,
    "scope"             TEXT,
    "id_token"          TEXT,
    "session_state"     TEXT,
    "createdAt"         TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"         TIMESTAMP(3) NOT NULL,
    CONSTRAINT "Account_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Account_provider_providerAccountId_key" ON "Account"("provider", "providerAccountId");
CREATE INDEX "Account_userId_idx" ON "Account"("userId");

CREATE TABLE "EmailVerificationToken" (
    "id"        TEXT NOT NULL,
    "userId"    TEXT NOT NULL,
    "token"     TEXT NOT NULL,
    "expires"   TIMESTAMP(3) NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "EmailVerificationToken_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "EmailVerificationToken_token_key" ON "EmailVerificationToken"("token");
CREATE INDEX "EmailVerificationToken_userId_idx" ON "EmailVerificationToken"("userId");

CREATE TABLE "AutoSignInToken" (
    "id"        TEXT NOT NULL,
    "userId"    TEXT NOT NULL,
    "token"     TEXT NOT NULL,
    "expires"   TIMESTAMP(3) NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "AutoSignInToken_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "AutoSignInToken_token_key" ON "AutoSignInToken"("token");
CREATE INDEX "AutoSignInToken_userId_idx" ON "AutoSignInToken"("userId");

CREATE TABLE "EmailChangeRequest" (
    "id"        TEXT NOT NULL,
    "userId"    TEXT NOT NULL,
    "newEmail"  TEXT NOT NULL,
    "token"     TEXT NOT NULL,
    "expires"   TIMESTAMP(3) NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "EmailChangeRequest_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "EmailChangeRequest_token_key" ON "EmailChangeRequest"("token");
CREATE INDEX "EmailChangeRequest_userId_idx" ON "EmailChangeRequest"("userId");

CREATE TABLE "VerificationToken" (
    "identifier" TEXT NOT NULL,
    "token"      TEXT NOT NULL,
    "expires"    TIMESTAMP(3) NOT NULL
);
CREATE UNIQUE INDEX "VerificationToken_token_key" ON "VerificationToken"("token");
CREATE UNIQUE INDEX "VerificationToken_identifier_token_key" ON "VerificationToken"("identifier", "token");

CREATE TABLE "JobOffer" (
    "id"              TEXT NOT NULL,
    "userId"          TEXT NOT NULL,
    "sourceType"      TEXT NOT NULL,
    "sourceValue"     TEXT NOT NULL,
    "contentHash"     TEXT,
    "content"         JSONB NOT NULL,
    "extractedAt"     TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "extractionModel" TEXT NOT NULL,
    "tokensUsed"      INTEGER NOT NULL DEFAULT 0,
    "createdAt"       TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"       TIMESTAMP(3) NOT NULL,
    CONSTRAINT "JobOffer_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "JobOffer_userId_sourceValue_key" ON "JobOffer"("userId", "sourceValue");
CREATE INDEX "JobOffer_userId_idx" ON "JobOffer"("userId");

CREATE TABLE "CvFile" (
    "id"                     TEXT NOT NULL,
    "userId"                 TEXT NOT NULL,
    "filename"               TEXT NOT NULL,
    "content"                JSONB,
    "contentVersion"         INTEGER NOT NULL DEFAULT 1,
    "sourceType"             TEXT,
    "sourceValue"            TEXT,
    "jobOfferId"             TEXT,
    "createdBy"              TEXT,
    "originalCreatedBy"      TEXT,
    "language"               TEXT,
    "isTranslated"           BOOLEAN NOT NULL DEFAULT false,
    "matchScore"             INTEGER,
    "scoreBefore"            INTEGER,
    "matchScoreUpdatedAt"    TIMESTAMP(3),
    "matchScoreStatus"       TEXT DEFAULT 'idle',
    "scoreBreakdown"         TEXT,
    "improvementSuggestions" TEXT,
    "missingSkills"          TEXT,
    "matchingSkills"         TEXT,
    "optimiseStatus"         TEXT DEFAULT 'idle',
    "optimiseUpdatedAt"      TIMESTAMP(3),
    "pendingChanges"         JSONB,
    "pendingSourceVersion"   INTEGER,
    "createdWithCredit"      BOOLEAN NOT NULL DEFAULT false,
    "creditUsedAt"           TIMESTAMP(3),
    "creditTransactionId"    TEXT,
    "blocked"                BOOLEAN NOT NULL DEFAULT false,
    "blockedAt"              TIMESTAMP(3),
    "blockedReason"          TEXT,
    "createdAt"              TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"              TIMESTAMP(3) NOT NULL,
    CONSTRAINT "CvFile_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "CvFile_userId_filename_key" ON "CvFile"("userId", "filename");
CREATE UNIQUE INDEX "CvFile_creditTransactionId_key" ON "CvFile"("creditTransactionId");
CREATE INDEX "CvFile_userId_idx" ON "CvFile"("userId");

CREATE TABLE "CvVersion" (
    "id"                     TEXT NOT NULL,
    "cvFileId"               TEXT NOT NULL,
    "version"                INTEGER NOT NULL,
    "content"                JSONB NOT NULL,
    "changelog"              TEXT,
    "changeType"             TEXT,
    "sourceFile"             TEXT,
    "matchScore"             INTEGER,
    "scoreBreakdown"         TEXT,
    "improvementSuggestions" TEXT,
    "missingSkills"          TEXT,
    "matchingSkills"         TEXT,
    "createdAt"              TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "CvVersion_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "CvVersion_cvFileId_version_key" ON "CvVersion"("cvFileId", "version");

CREATE TABLE "ExportTemplate" (
    "id"         TEXT NOT NULL,
    "userId"     TEXT NOT NULL,
    "name"       TEXT NOT NULL,
    "selections" JSONB NOT NULL,
    "createdAt"  TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"  TIMESTAMP(3) NOT NULL,
    CONSTRAINT "ExportTemplate_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "ExportTemplate_userId_name_key" ON "ExportTemplate"("userId", "name");
CREATE INDEX "ExportTemplate_userId_idx" ON "ExportTemplate"("userId");

CREATE TABLE "BackgroundTask" (
    "id"                        TEXT NOT NULL,
    "title"                     TEXT NOT NULL,
    "successMessage"            TEXT,
    "type"                      TEXT NOT NULL,
    "status"                    TEXT NOT NULL,
    "createdAt"                 BIGINT NOT NULL,
    "shouldUpdateCvList"        BOOLEAN NOT NULL DEFAULT false,
    "result"                    TEXT,
    "error"                     TEXT,
    "payload"                   TEXT,
    "deviceId"                  TEXT NOT NULL,
    "userId"                    TEXT,
    "cvFile"                    TEXT,
    "creditUsed"                BOOLEAN NOT NULL DEFAULT false,
    "creditTransactionId"       TEXT,
    "featureName"               TEXT,
    "featureCounterPeriodStart" TIMESTAMP(3),
    "updatedAt"                 TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "BackgroundTask_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "BackgroundTask_creditTransactionId_key" ON "BackgroundTask"("creditTransactionId");
CREATE INDEX "BackgroundTask_userId_idx" ON "BackgroundTask"("userId");

CREATE TABLE "CvGenerationTask" (
    "id"              TEXT NOT NULL,
    "userId"          TEXT NOT NULL,
    "sourceCvFileId"  TEXT NOT NULL,
    "mode"            TEXT NOT NULL,
    "status"          TEXT NOT NULL DEFAULT 'pending',
    "totalOffers"     INTEGER NOT NULL,
    "completedOffers" INTEGER NOT NULL DEFAULT 0,
    "creditsDebited"  INTEGER NOT NULL DEFAULT 0,
    "creditsRefunded" INTEGER NOT NULL DEFAULT 0,
    "error"           TEXT,
    "startedAt"       TIMESTAMP(3),
    "completedAt"     TIMESTAMP(3),
    "createdAt"       TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"       TIMESTAMP(3) NOT NULL,
    CONSTRAINT "CvGenerationTask_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "CvGenerationTask_userId_idx" ON "CvGenerationTask"("userId");

CREATE TABLE "CvGenerationOffer" (
    "id"                   TEXT NOT NULL,
    "taskId"               TEXT NOT NULL,
    "sourceUrl"            TEXT,
    "jobOfferId"           TEXT,
    "offerIndex"           INTEGER NOT NULL,
    "status"               TEXT NOT NULL DEFAULT 'pending',
    "classificationResult" JSONB,
    "batchResults"         JSONB,
    "generatedCvFileId"    TEXT,
    "generatedCvFileName"  TEXT,
    "retryCount"           INTEGER NOT NULL DEFAULT 0,
    "error"                TEXT,
    "creditsRefunded"      BOOLEAN NOT NULL DEFAULT false,
    "createdAt"            TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"            TIMESTAMP(3) NOT NULL,
    CONSTRAINT "CvGenerationOffer_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "CvGenerationSubtask" (
    "id"               TEXT NOT NULL,
    "offerId"          TEXT NOT NULL,
    "type"             TEXT NOT NULL,
    "itemIndex"        INTEGER,
    "status"           TEXT NOT NULL DEFAULT 'pending',
    "input"            JSONB,
    "output"           JSONB,
    "modifications"    JSONB,
    "modelUsed"        TEXT,
    "promptTokens"     INTEGER NOT NULL DEFAULT 0,
    "cachedTokens"     INTEGER NOT NULL DEFAULT 0,
    "completionTokens" INTEGER NOT NULL DEFAULT 0,
    "estimatedCost"    DOUBLE PRECISION NOT NULL DEFAULT 0,
    "durationMs"       INTEGER,
    "retryCount"       INTEGER NOT NULL DEFAULT 0,
    "error"            TEXT,
    "createdAt"        TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"        TIMESTAMP(3) NOT NULL,
    CONSTRAINT "CvGenerationSubtask_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "SubscriptionPlan" (
    "id"                    SERIAL NOT NULL,
    "name"                  TEXT NOT NULL,
    "description"           TEXT,
    "isFree"                BOOLEAN NOT NULL DEFAULT false,
    "tier"                  INTEGER NOT NULL DEFAULT 0,
    "isPopular"             BOOLEAN NOT NULL DEFAULT false,
    "priceMonthly"          DOUBLE PRECISION NOT NULL DEFAULT 0,
    "priceYearly"           DOUBLE PRECISION NOT NULL DEFAULT 0,
    "yearlyDiscountPercent" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "priceCurrency"         TEXT NOT NULL DEFAULT 'EUR',
    "stripeProductId"       TEXT,
    "stripePriceIdMonthly"  TEXT,
    "stripePriceIdYearly"   TEXT,
    "createdAt"             TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"             TIMESTAMP(3) NOT NULL,
    CONSTRAINT "SubscriptionPlan_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "SubscriptionPlan_name_key" ON "SubscriptionPlan"("name");

CREATE TABLE "SubscriptionPlanFeatureLimit" (
    "id"          TEXT NOT NULL,
    "planId"      INTEGER NOT NULL,
    "featureName" TEXT NOT NULL,
    "isEnabled"   BOOLEAN NOT NULL DEFAULT true,
    "usageLimit"  INTEGER NOT NULL DEFAULT 0,
    "createdAt"   TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"   TIMESTAMP(3) NOT NULL,
    CONSTRAINT "SubscriptionPlanFeatureLimit_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "SubscriptionPlanFeatureLimit_planId_featureName_key" ON "SubscriptionPlanFeatureLimit"("planId", "featureName");

CREATE TABLE "Subscription" (
    "id"                   TEXT NOT NULL,
    "userId"               TEXT NOT NULL,
    "stripeCustomerId"     TEXT NOT NULL,
    "stripeSubscriptionId" TEXT,
    "stripePriceId"        TEXT,
    "planId"               INTEGER NOT NULL,
    "status"               TEXT NOT NULL DEFAULT 'active',
    "billingPeriod"        TEXT NOT NULL DEFAULT 'monthly',
    "currentPeriodStart"   TIMESTAMP(3) NOT NULL,
    "currentPeriodEnd"     TIMESTAMP(3) NOT NULL,
    "cancelAtPeriodEnd"    BOOLEAN NOT NULL DEFAULT false,
    "canceledAt"           TIMESTAMP(3),
    "createdAt"            TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"            TIMESTAMP(3) NOT NULL,
    CONSTRAINT "Subscription_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Subscription_userId_key" ON "Subscription"("userId");
CREATE UNIQUE INDEX "Subscription_stripeCustomerId_key" ON "Subscription"("stripeCustomerId");
CREATE UNIQUE INDEX "Subscription_stripeSubscriptionId_key" ON "Subscription"("stripeSubscriptionId");

CREATE TABLE "CreditPack" (
    "id"              SERIAL NOT NULL,
    "name"            TEXT NOT NULL,
    "description"     TEXT,
    "creditAmount"    INTEGER NOT NULL,
    "price"           DOUBLE PRECISION NOT NULL DEFAULT 0,
    "priceCurrency"   TEXT NOT NULL DEFAULT 'EUR',
    "isActive"        BOOLEAN NOT NULL DEFAULT true,
    "stripePriceId"   TEXT,
    "stripeProductId" TEXT,
    "createdAt"       TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"       TIMESTAMP(3) NOT NULL,
    CONSTRAINT "CreditPack_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "CreditPack_creditAmount_key" ON "CreditPack"("creditAmount");

CREATE TABLE "CreditBalance" (
    "id"                       TEXT NOT NULL,
    "userId"                   TEXT NOT NULL,
    "balance"                  INTEGER NOT NULL DEFAULT 0,
    "totalPurchased"           INTEGER NOT NULL DEFAULT 0,
    "totalUsed"                INTEGER NOT NULL DEFAULT 0,
    "totalRefunded"            INTEGER NOT NULL DEFAULT 0,
    "totalGifted"              INTEGER NOT NULL DEFAULT 0,
    "balanceAfterLastPurchase" INTEGER NOT NULL DEFAULT 0,
    "createdAt"                TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"                TIMESTAMP(3) NOT NULL,
    CONSTRAINT "CreditBalance_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "CreditBalance_userId_key" ON "CreditBalance"("userId");

CREATE TABLE "CreditTransaction" (
    "id"                    TEXT NOT NULL,
    "userId"                TEXT NOT NULL,
    "amount"                INTEGER NOT NULL,
    "type"                  TEXT NOT NULL,
    "featureName"           TEXT,
    "taskId"                TEXT,
    "cvFileId"              TEXT,
    "stripePaymentIntentId" TEXT,
    "stripeInvoiceId"       TEXT,
    "refunded"              BOOLEAN NOT NULL DEFAULT false,
    "relatedTransactionId"  TEXT,
    "metadata"              TEXT,
    "createdAt"             TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "CreditTransaction_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "CreditTransaction_userId_idx" ON "CreditTransaction"("userId");

CREATE TABLE "FeatureUsageCounter" (
    "id"          TEXT NOT NULL,
    "userId"      TEXT NOT NULL,
    "featureName" TEXT NOT NULL,
    "count"       INTEGER NOT NULL DEFAULT 0,
    "periodStart" TIMESTAMP(3) NOT NULL,
    "periodEnd"   TIMESTAMP(3) NOT NULL,
    "createdAt"   TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"   TIMESTAMP(3) NOT NULL,
    CONSTRAINT "FeatureUsageCounter_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "FeatureUsageCounter_userId_featureName_key" ON "FeatureUsageCounter"("userId", "featureName");
CREATE INDEX "FeatureUsageCounter_userId_idx" ON "FeatureUsageCounter"("userId");

CREATE TABLE "StripeWebhookLog" (
    "id"        TEXT NOT NULL,
    "eventId"   TEXT NOT NULL,
    "eventType" TEXT NOT NULL,
    "payload"   TEXT NOT NULL,
    "processed" BOOLEAN NOT NULL DEFAULT false,
    "error"     TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "StripeWebhookLog_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "StripeWebhookLog_eventId_key" ON "StripeWebhookLog"("eventId");

CREATE TABLE "Referral" (
    "id"              TEXT NOT NULL,
    "referrerId"      TEXT NOT NULL,
    "referredId"      TEXT NOT NULL,
    "codeUsed"        TEXT NOT NULL,
    "status"          TEXT NOT NULL DEFAULT 'pending',
    "referrerCredits" INTEGER NOT NULL DEFAULT 0,
    "referredCredits" INTEGER NOT NULL DEFAULT 0,
    "rewardedAt"      TIMESTAMP(3),
    "createdAt"       TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"       TIMESTAMP(3) NOT NULL,
    CONSTRAINT "Referral_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Referral_referredId_key" ON "Referral"("referredId");

CREATE TABLE "PromoCode" (
    "id"           TEXT NOT NULL,
    "code"         TEXT NOT NULL,
    "type"         TEXT NOT NULL,
    "value"        DOUBLE PRECISION NOT NULL DEFAULT 0,
    "currency"     TEXT,
    "planId"       INTEGER,
    "creditPackId" INTEGER,
    "maxUses"      INTEGER,
    "currentUses"  INTEGER NOT NULL DEFAULT 0,
    "validFrom"    TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "validUntil"   TIMESTAMP(3),
    "isActive"     BOOLEAN NOT NULL DEFAULT true,
    "createdAt"    TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"    TIMESTAMP(3) NOT NULL,
    CONSTRAINT "PromoCode_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "PromoCode_code_key" ON "PromoCode"("code");

CREATE TABLE "EmailTrigger" (
    "id"          TEXT NOT NULL,
    "name"        TEXT NOT NULL,
    "label"       TEXT NOT NULL,
    "description" TEXT,
    "variables"   TEXT NOT NULL,
    "category"    TEXT NOT NULL DEFAULT 'general',
    "icon"        TEXT,
    "isSystem"    BOOLEAN NOT NULL DEFAULT false,
    "createdAt"   TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"   TIMESTAMP(3) NOT NULL,
    CONSTRAINT "EmailTrigger_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "EmailTrigger_name_key" ON "EmailTrigger"("name");

CREATE TABLE "EmailTemplate" (
    "id"          TEXT NOT NULL,
    "name"        TEXT NOT NULL,
    "triggerId"   TEXT,
    "subject"     TEXT NOT NULL,
    "designJson"  TEXT NOT NULL,
    "htmlContent" TEXT NOT NULL,
    "variables"   TEXT NOT NULL,
    "isActive"    BOOLEAN NOT NULL DEFAULT true,
    "isDefault"   BOOLEAN NOT NULL DEFAULT false,
    "createdAt"   TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"   TIMESTAMP(3) NOT NULL,
    CONSTRAINT "EmailTemplate_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "EmailTemplate_name_key" ON "EmailTemplate"("name");

CREATE TABLE "EmailLog" (
    "id"              TEXT NOT NULL,
    "templateId"      TEXT,
    "templateName"    TEXT NOT NULL,
    "recipientEmail"  TEXT NOT NULL,
    "recipientUserId" TEXT,
    "subject"         TEXT NOT NULL,
    "status"          TEXT NOT NULL,
    "error"           TEXT,
    "resendId"        TEXT,
    "isTestEmail"     BOOLEAN NOT NULL DEFAULT false,
    "createdAt"       TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "EmailLog_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "OpenAIPricing" (
    "id"                           TEXT NOT NULL,
    "modelName"                    TEXT NOT NULL,
    "inputPricePerMToken"          DOUBLE PRECISION NOT NULL DEFAULT 0,
    "outputPricePerMToken"         DOUBLE PRECISION NOT NULL DEFAULT 0,
    "cachePricePerMToken"          DOUBLE PRECISION NOT NULL DEFAULT 0,
    "inputPricePerMTokenPriority"  DOUBLE PRECISION,
    "outputPricePerMTokenPriority" DOUBLE PRECISION,
    "cachePricePerMTokenPriority"  DOUBLE PRECISION,
    "description"                  TEXT,
    "isActive"                     BOOLEAN NOT NULL DEFAULT true,
    "createdAt"                    TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"                    TIMESTAMP(3) NOT NULL,
    CONSTRAINT "OpenAIPricing_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "OpenAIPricing_modelName_key" ON "OpenAIPricing"("modelName");

CREATE TABLE "OpenAIUsage" (
    "id"               TEXT NOT NULL,
    "userId"           TEXT NOT NULL,
    "featureName"      TEXT NOT NULL,
    "model"            TEXT NOT NULL,
    "date"             TIMESTAMP(3) NOT NULL,
    "promptTokens"     INTEGER NOT NULL DEFAULT 0,
    "cachedTokens"     INTEGER NOT NULL DEFAULT 0,
    "completionTokens" INTEGER NOT NULL DEFAULT 0,
    "totalTokens"      INTEGER NOT NULL DEFAULT 0,
    "estimatedCost"    DOUBLE PRECISION NOT NULL DEFAULT 0,
    "callsCount"       INTEGER NOT NULL DEFAULT 0,
    "createdAt"        TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"        TIMESTAMP(3) NOT NULL,
    CONSTRAINT "OpenAIUsage_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "OpenAIUsage_userId_featureName_model_date_key" ON "OpenAIUsage"("userId", "featureName", "model", "date");
CREATE INDEX "OpenAIUsage_userId_idx" ON "OpenAIUsage"("userId");

CREATE TABLE "OpenAIAlert" (
    "id"          TEXT NOT NULL,
    "type"        TEXT NOT NULL,
    "threshold"   DOUBLE PRECISION NOT NULL DEFAULT 0,
    "enabled"     BOOLEAN NOT NULL DEFAULT true,
    "name"        TEXT NOT NULL,
    "description" TEXT,
    "createdAt"   TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"   TIMESTAMP(3) NOT NULL,
    CONSTRAINT "OpenAIAlert_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "OpenAICall" (
    "id"               TEXT NOT NULL,
    "userId"           TEXT NOT NULL,
    "featureName"      TEXT NOT NULL,
    "model"            TEXT NOT NULL,
    "promptTokens"     INTEGER NOT NULL DEFAULT 0,
    "cachedTokens"     INTEGER NOT NULL DEFAULT 0,
    "completionTokens" INTEGER NOT NULL DEFAULT 0,
    "totalTokens"      INTEGER NOT NULL DEFAULT 0,
    "estimatedCost"    DOUBLE PRECISION NOT NULL DEFAULT 0,
    "duration"         INTEGER,
    "metadata"         TEXT,
    "createdAt"        TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "OpenAICall_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "OpenAICall_userId_idx" ON "OpenAICall"("userId");

CREATE TABLE "TelemetryEvent" (
    "id"        TEXT NOT NULL,
    "userId"    TEXT,
    "type"      TEXT NOT NULL,
    "category"  TEXT NOT NULL,
    "metadata"  TEXT,
    "deviceId"  TEXT,
    "duration"  INTEGER,
    "status"    TEXT,
    "error"     TEXT,
    "timestamp" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "TelemetryEvent_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "TelemetryEvent_userId_idx" ON "TelemetryEvent"("userId");

CREATE TABLE "FeatureUsage" (
    "id"            TEXT NOT NULL,
    "userId"        TEXT NOT NULL,
    "featureName"   TEXT NOT NULL,
    "usageCount"    INTEGER NOT NULL DEFAULT 0,
    "lastUsedAt"    TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "totalDuration" INTEGER NOT NULL DEFAULT 0,
    "metadata"      TEXT,
    "createdAt"     TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"     TIMESTAMP(3) NOT NULL,
    CONSTRAINT "FeatureUsage_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "FeatureUsage_userId_featureName_key" ON "FeatureUsage"("userId", "featureName");
CREATE INDEX "FeatureUsage_userId_idx" ON "FeatureUsage"("userId");

CREATE TABLE "Feedback" (
    "id"            TEXT NOT NULL,
    "userId"        TEXT NOT NULL,
    "rating"        INTEGER NOT NULL,
    "comment"       TEXT NOT NULL,
    "isBugReport"   BOOLEAN NOT NULL DEFAULT false,
    "currentCvFile" TEXT,
    "userAgent"     TEXT,
    "pageUrl"       TEXT,
    "createdAt"     TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "status"        TEXT NOT NULL DEFAULT 'new',
    CONSTRAINT "Feedback_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "Feedback_userId_idx" ON "Feedback"("userId");

CREATE TABLE "ConsentLog" (
    "id"          TEXT NOT NULL,
    "userId"      TEXT NOT NULL,
    "action"      TEXT NOT NULL,
    "preferences" TEXT NOT NULL,
    "ip"          TEXT,
    "userAgent"   TEXT,
    "createdAt"   TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "ConsentLog_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "ConsentLog_userId_idx" ON "ConsentLog"("userId");

CREATE TABLE "LinkHistory" (
    "id"        TEXT NOT NULL,
    "userId"    TEXT NOT NULL,
    "url"       TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "LinkHistory_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "LinkHistory_userId_url_key" ON "LinkHistory"("userId", "url");
CREATE INDEX "LinkHistory_userId_idx" ON "LinkHistory"("userId");

CREATE TABLE "Setting" (
    "id"          TEXT NOT NULL,
    "settingName" TEXT NOT NULL,
    "value"       TEXT NOT NULL,
    "category"    TEXT NOT NULL,
    "description" TEXT,
    "createdAt"   TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"   TIMESTAMP(3) NOT NULL,
    CONSTRAINT "Setting_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Setting_settingName_key" ON "Setting"("settingName");

ALTER TABLE "Account" ADD CONSTRAINT "Account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "EmailVerificationToken" ADD CONSTRAINT "EmailVerificationToken_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "AutoSignInToken" ADD CONSTRAINT "AutoSignInToken_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "EmailChangeRequest" ADD CONSTRAINT "EmailChangeRequest_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "JobOffer" ADD CONSTRAINT "JobOffer_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "CvFile" ADD CONSTRAINT "CvFile_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "CvFile" ADD CONSTRAINT "CvFile_jobOfferId_fkey" FOREIGN KEY ("jobOfferId") REFERENCES "JobOffer"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "CvVersion" ADD CONSTRAINT "CvVersion_cvFileId_fkey" FOREIGN KEY ("cvFileId") REFERENCES "CvFile"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "ExportTemplate" ADD CONSTRAINT "ExportTemplate_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "CvGenerationTask" ADD CONSTRAINT "CvGenerationTask_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "CvGenerationOffer" ADD CONSTRAINT "CvGenerationOffer_taskId_fkey" FOREIGN KEY ("taskId") REFERENCES "CvGenerationTask"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "CvGenerationSubtask" ADD CONSTRAINT "CvGenerationSubtask_offerId_fkey" FOREIGN KEY ("offerId") REFERENCES "CvGenerationOffer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "SubscriptionPlanFeatureLimit" ADD CONSTRAINT "SubscriptionPlanFeatureLimit_planId_fkey" FOREIGN KEY ("planId") REFERENCES "SubscriptionPlan"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Subscription" ADD CONSTRAINT "Subscription_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Subscription" ADD CONSTRAINT "Subscription_planId_fkey" FOREIGN KEY ("planId") REFERENCES "SubscriptionPlan"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "CreditBalance" ADD CONSTRAINT "CreditBalance_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "CreditTransaction" ADD CONSTRAINT "CreditTransaction_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "CreditTransaction" ADD CONSTRAINT "CreditTransaction_taskId_fkey" FOREIGN KEY ("taskId") REFERENCES "BackgroundTask"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "CreditTransaction" ADD CONSTRAINT "CreditTransaction_cvFileId_fkey" FOREIGN KEY ("cvFileId") REFERENCES "CvFile"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "FeatureUsageCounter" ADD CONSTRAINT "FeatureUsageCounter_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Referral" ADD CONSTRAINT "Referral_referrerId_fkey" FOREIGN KEY ("referrerId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Referral" ADD CONSTRAINT "Referral_referredId_fkey" FOREIGN KEY ("referredId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "EmailTemplate" ADD CONSTRAINT "EmailTemplate_triggerId_fkey" FOREIGN KEY ("triggerId") REFERENCES "EmailTrigger"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "EmailLog" ADD CONSTRAINT "EmailLog_templateId_fkey" FOREIGN KEY ("templateId") REFERENCES "EmailTemplate"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "OpenAIUsage" ADD CONSTRAINT "OpenAIUsage_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "TelemetryEvent" ADD CONSTRAINT "TelemetryEvent_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "FeatureUsage" ADD CONSTRAINT "FeatureUsage_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Feedback" ADD CONSTRAINT "Feedback_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "ConsentLog" ADD CONSTRAINT "ConsentLog_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "LinkHistory" ADD CONSTRAINT "LinkHistory_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TABLE "_prisma_migrations" ("id" VARCHAR(36) PRIMARY KEY, "migration_name" VARCHAR(255) NOT NULL, "finished_at" TIMESTAMPTZ);
INSERT INTO "_prisma_migrations" VALUES ('0', '0_init_baseline', now());

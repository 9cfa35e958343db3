//! Signing in with an identity provider: OpenID Connect, authorization code with PKCE.
//!
//! A person is known by issuer and subject. The first time, somebody whose verified address at the provider is that of exactly one
//! person here without such an account gets it linked, and the log says so. Nobody is added by signing in.

use std::future::Future;
use std::pin::Pin;

use jiff::SignedDuration;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use quittance_agent::ports_accounts::Ticket;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::users::{External, User};
use serde::{Deserialize, Serialize};

use crate::error::WebError;
use crate::secret;
use crate::session::Visitor;
use crate::settings::OidcProvider;
use crate::state::{Desk, Web};

const KIND: &str = "oidc";
/// How long somebody may take at the provider.
const HOLDS: SignedDuration = SignedDuration::from_mins(10);
/// Largest answer of a provider that is read.
const ANSWER_MAX: usize = 1 << 20;

/// What is kept between going and coming back.
#[derive(Serialize, Deserialize)]
struct Going {
    provider: String,
    nonce: String,
    verifier: String,
    /// Form token of the browser that went: only it may come back.
    browser: String,
    next: String,
}

#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error(transparent)]
    Request(#[from] reqwest::Error),
    #[error(transparent)]
    Answer(#[from] openidconnect::http::Error),
    #[error("the answer is larger than {ANSWER_MAX} bytes")]
    TooLarge,
}

type Answer = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send>>;

/// The provider's endpoints are called with our own client: no redirects, or a provider could send us to addresses inside.
fn caller() -> Result<impl Fn(HttpRequest) -> Answer, WebError> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(std::time::Duration::from_secs(15))
        .build()
        .map_err(WebError::internal)?;
    Ok(move |request: HttpRequest| -> Answer {
        let client = client.clone();
        Box::pin(async move {
            let mut answer = client.execute(request.try_into()?).await?;
            let mut built = openidconnect::http::Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                built = built.header(name, value);
            }
            let mut body = Vec::new();
            while let Some(piece) = answer.chunk().await? {
                body.extend_from_slice(&piece);
                if body.len() > ANSWER_MAX {
                    return Err(HttpError::TooLarge);
                }
            }
            Ok(built.body(body)?)
        })
    })
}

fn unreachable(provider: &OidcProvider, error: impl std::fmt::Display) -> WebError {
    tracing::warn!(provider = provider.id, "the identity provider does not answer as it should: {error}");
    WebError::Conflict(format!("{} does not answer as it should; try again, or sign in with a password", provider.name))
}

impl<S: Desk> Web<S> {
    fn provider(&self, id: &str) -> Result<&OidcProvider, WebError> {
        self.settings.oidc.iter().find(|provider| provider.id == id).ok_or(WebError::NotFound)
    }

    fn back_address(&self, provider: &OidcProvider) -> String {
        format!("{}/sign-in/back/{}", self.settings.public_url, provider.id)
    }

    /// The provider's address to send the browser to.
    pub async fn go_to_provider(&self, id: &str, visitor: &Visitor, next: &str) -> Result<String, WebError> {
        let provider = self.provider(id)?;
        let call = caller()?;
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|error| unreachable(provider, error))?;
        let metadata =
            CoreProviderMetadata::discover_async(issuer, &call).await.map_err(|error| unreachable(provider, Chain(&error)))?;
        let back = RedirectUrl::new(self.back_address(provider)).map_err(WebError::internal)?;
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(provider.client_id.clone()),
            Some(ClientSecret::new(provider.client_secret.clone())),
        )
        .set_redirect_uri(back);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (state, nonce) = (secret::fresh()?, secret::fresh()?);
        let (sent_state, sent_nonce) = (state.clone(), nonce.clone());
        let (address, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(sent_state.clone()),
                move || Nonce::new(sent_nonce.clone()),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let going = Going {
            provider: provider.id.clone(),
            nonce,
            verifier: verifier.into_secret(),
            browser: visitor.csrf.clone(),
            next: next.to_owned(),
        };
        self.store
            .put_ticket(&Ticket {
                hash: secret::hash(&state),
                kind: KIND.to_owned(),
                user: None,
                content: serde_json::to_string(&going).map_err(WebError::internal)?,
                ends_at: self.now().checked_add(HOLDS).map_err(WebError::internal)?,
            })
            .await?;
        Ok(address.to_string())
    }

    /// Takes what the browser brings back. Gives the session's secret and where to go on to.
    pub async fn back_from_provider(
        &self,
        id: &str,
        code: &str,
        state: &str,
        visitor: &Visitor,
    ) -> Result<(String, String), WebError> {
        let provider = self.provider(id)?;
        let ticket = self.store.take_ticket(&secret::hash(state), KIND, self.now()).await?.ok_or(WebError::Forged)?;
        let going: Going = serde_json::from_str(&ticket.content).map_err(WebError::internal)?;
        if going.provider != provider.id || !secret::same(&going.browser, &visitor.csrf) {
            return Err(WebError::Forged);
        }
        let (external, verified_email) = self.ask_provider(provider, code, &going).await?;
        let user = self.user_for(external, verified_email).await?;
        let secret = self.begin(&user, visitor).await?;
        Ok((secret, going.next))
    }

    /// Exchanges the code for the identity, checked: signature, issuer, audience, nonce, time, hash of the access token.
    async fn ask_provider(
        &self,
        provider: &OidcProvider,
        code: &str,
        going: &Going,
    ) -> Result<(External, Option<String>), WebError> {
        let call = caller()?;
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|error| unreachable(provider, error))?;
        let metadata =
            CoreProviderMetadata::discover_async(issuer, &call).await.map_err(|error| unreachable(provider, Chain(&error)))?;
        let back = RedirectUrl::new(self.back_address(provider)).map_err(WebError::internal)?;
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(provider.client_id.clone()),
            Some(ClientSecret::new(provider.client_secret.clone())),
        )
        .set_redirect_uri(back);
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| unreachable(provider, error))?
            .set_pkce_verifier(PkceCodeVerifier::new(going.verifier.clone()));
        let tokens = request.request_async(&call).await.map_err(|error| unreachable(provider, Chain(&error)))?;
        let id_token = tokens.id_token().ok_or_else(|| unreachable(provider, "there is no ID token"))?;
        let verifier = client.id_token_verifier();
        let claims =
            id_token.claims(&verifier, &Nonce::new(going.nonce.clone())).map_err(|error| unreachable(provider, Chain(&error)))?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = id_token.signing_alg().map_err(|error| unreachable(provider, error))?;
            let key = id_token.signing_key(&verifier).map_err(|error| unreachable(provider, error))?;
            let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
                .map_err(|error| unreachable(provider, error))?;
            if actual != *expected {
                return Err(unreachable(provider, "the access token is not the one of the ID token"));
            }
        }
        let email = claims.email().filter(|_| claims.email_verified() == Some(true)).map(|email| email.as_str().to_lowercase());
        let external = External { issuer: provider.issuer.clone(), subject: claims.subject().as_str().to_owned() };
        Ok((external, email))
    }

    async fn user_for(&self, external: External, verified_email: Option<String>) -> Result<User, WebError> {
        let nobody =
            || WebError::Forbidden("nobody here has this account; ask an admin to add you with your e-mail address".to_owned());
        if let Some(user) = self.store.user_of_external(&external.issuer, &external.subject).await? {
            return if user.is_disabled { Err(nobody()) } else { Ok(user) };
        }
        let Some(email) = verified_email else { return Err(nobody()) };
        let is_theirs = |user: &User| {
            user.external.is_none() && !user.is_disabled && user.email.as_ref().is_some_and(|own| own.to_lowercase() == email)
        };
        let mut found = self.store.users().await?.into_iter().filter(is_theirs);
        let (Some(user), None) = (found.next(), found.next()) else { return Err(nobody()) };
        let linked = User { external: Some(external), ..user };
        let by = Actor::Person(linked.id.as_str().to_owned());
        self.store.apply(ChangeSet { by, at: self.now(), changes: vec![Change::UserSet(linked.clone())] }).await?;
        Ok(linked)
    }
}

/// An error with its causes, which the crate's own display leaves out.
struct Chain<'e>(&'e dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
